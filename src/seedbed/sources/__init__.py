"""Where work starts from: documents, rows and LanceDB tables, each read as seeds."""
