//! Line icons, 16 by 16, drawn for Sluice. They decorate; the text beside them speaks.

use leptos::prelude::*;

/// The icon called `name`; an empty one for a name that is not known.
pub fn icon(name: &'static str) -> AnyView {
    let path = match name {
        "overview" => "M2 13V7l6-4 6 4v6M6 13V9h4v4",
        "sources" => {
            "M2 4c0-1.1 2.7-2 6-2s6 .9 6 2-2.7 2-6 2-6-.9-6-2Zm0 0v8c0 1.1 2.7 2 6 2s6-.9 6-2V4M2 8c0 1.1 2.7 2 6 2s6-.9 6-2"
        }
        "runs" => "M5 3l8 5-8 5V3Z",
        "quarantine" => "M8 2 1.8 13h12.4L8 2Zm0 4v3.5m0 1.5v.5",
        "transformations" => "M2 4h7M2 8h4M2 12h7M10 6l4 2-4 2M14 8H8",
        "lineage" => {
            "M2 3h3v3H2V3Zm0 7h3v3H2v-3Zm9-3.500h3v3h-3v-3ZM5 4.500c3.500 0 2.500 3.500 6 3.500M5 11.500c3.500 0 2.500-3.500 6-3.500"
        }
        "format" => "M2 3h12M5 6.300h9M5 9.600h7M2 13h12",
        "settings" => {
            "M8 5.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5ZM8 1.5v2m0 9v2m6.5-6.5h-2m-9 0h-2m10.600-4.600-1.400 1.400m-6.400 6.400-1.400 1.400m9.200 0-1.400-1.400m-6.400-6.400-1.400-1.400"
        }
        "query" => "M2.500 3h11v10h-11V3Zm0 3h11M5 8.500l1.500 1.300L5 11m3 0h3",
        "catalog" => {
            "M3 11.500v-9h8a2 2 0 0 1 2 2v9H5a2 2 0 0 1-2-2Zm0 0a2 2 0 0 1 2-2h8M6 5.500h4"
        }
        "pipelines" => "M3.500 3v10M3.500 5h5a3 3 0 0 1 3 3v5M9.500 11l2 2 2-2",
        "approvals" => {
            "M8 1.800 13 4v4c0 3-2.200 5-5 6.200C5.200 13 3 11 3 8V4l5-2.200ZM5.700 8l1.700 1.700 3-3.200"
        }
        "edit" => "M3 13l.7-3 6.800-6.800 2.300 2.300L6 12.300 3 13Z",
        "search" => "M7 2.500a4.500 4.500 0 1 0 0 9 4.500 4.500 0 0 0 0-9Zm3.300 7.800L14 14",
        "theme" => "M13.500 9.500A6 6 0 0 1 6.500 2.500a6 6 0 1 0 7 7Z",
        "upload" => "M8 11V3m0 0L4.500 6.500M8 3l3.500 3.500M2.500 13h11",
        "plus" => "M8 3v10M3 8h10",
        "retry" => "M13 8a5 5 0 1 1-1.500-3.500M13 2v3h-3",
        "cancel" => "M4 4l8 8m0-8-8 8",
        "replay" => "M3 8a5 5 0 1 0 1.500-3.500M3 2v3h3M7 6l3 2-3 2V6Z",
        "check" => "M3 8.500 6.500 12 13 4.500",
        "download" => "M8 3v8m0 0L4.500 7.500M8 11l3.500-3.500M2.500 13h11",
        "next" => "M6 3l5 5-5 5",
        "file" => "M4 2h5l3 3v9H4V2Zm5 0v3h3",
        "user" => {
            "M8 8a2.800 2.800 0 1 0 0-5.600A2.800 2.800 0 0 0 8 8Zm-5.500 6c.6-2.700 2.700-4 5.500-4s4.900 1.300 5.500 4"
        }
        "live" => {
            "M8 8h0M5.200 10.800a4 4 0 0 1 0-5.600m5.600 0a4 4 0 0 1 0 5.600M3 13a7 7 0 0 1 0-10m10 0a7 7 0 0 1 0 10"
        }
        _ => "",
    };
    view! {
        <svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false">
            <path d=path></path>
        </svg>
    }
    .into_any()
}
