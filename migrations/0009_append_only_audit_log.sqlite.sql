-- Entries of the audit log are added and read. Whoever gets to the database through Sluice cannot
-- change or remove one either.
CREATE TRIGGER audit_log_keeps_its_entries BEFORE UPDATE ON audit_log
BEGIN
    SELECT RAISE(ABORT, 'entries of the audit log are never changed');
END;
CREATE TRIGGER audit_log_loses_no_entry BEFORE DELETE ON audit_log
BEGIN
    SELECT RAISE(ABORT, 'entries of the audit log are never removed');
END;
-- REPLACE removes a row without asking the triggers of removal.
CREATE TRIGGER audit_log_replaces_no_entry BEFORE INSERT ON audit_log
WHEN EXISTS (SELECT 1 FROM audit_log WHERE id = NEW.id)
BEGIN
    SELECT RAISE(ABORT, 'entries of the audit log are never replaced');
END;
