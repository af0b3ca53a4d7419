"""The plug pulled between any two calls to the system: what was written and not synced is lost, whole or in part."""
