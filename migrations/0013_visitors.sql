-- Whom a sign-in link is for. Those made before were for whoever runs the lake.
ALTER TABLE sign_in_links ADD COLUMN login TEXT NOT NULL DEFAULT 'local';
ALTER TABLE sign_in_links ADD COLUMN role TEXT NOT NULL DEFAULT 'admin';
