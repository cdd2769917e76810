"""Built-in recipes: base recipes as YAML files, rows of the papers' tables in `tables.yaml`."""
