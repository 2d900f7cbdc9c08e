-- What a notification is about, by which routes choose; NULL in those of earlier versions.
ALTER TABLE outbox ADD COLUMN event TEXT;
ALTER TABLE outbox ADD COLUMN source_system TEXT;

-- Who is told what, by the release that was deployed last. No row: it says nothing of notifications.
CREATE TABLE notification_routes (
    environment TEXT NOT NULL PRIMARY KEY,
    document    TEXT NOT NULL
);
