#!/usr/bin/env python3
"""check_sbom.py BILL SCHEMAS: a bill of materials against CycloneDX's own JSON Schemas, which lie in the
folder SCHEMAS (the npm package @cyclonedx/cyclonedx-library has them)."""
import json
import pathlib
import sys
import warnings

warnings.simplefilter("ignore", DeprecationWarning)
import jsonschema  # noqa: E402

bill, folder = (pathlib.Path(word) for word in sys.argv[1:])
store = {}
for path in folder.rglob("*.schema.json"):
    store["http://cyclonedx.org/schema/" + path.name] = json.loads(path.read_text())
schema = next(text for name, text in store.items() if "/bom-1.5." in name)
resolver = jsonschema.RefResolver(schema["$id"], schema, store=store)
jsonschema.Draft7Validator(schema, resolver=resolver).validate(json.loads(bill.read_text()))
