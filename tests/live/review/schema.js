// schema.js SCHEMA FILE...: each file must be valid against a draft-04 schema.
// Run in the folder of the npm packages ajv, ajv-draft-04 and ajv-formats.
const fs = require('fs');
const load = require('module').createRequire(process.cwd() + '/');
const Ajv = load('ajv-draft-04');
const ajv = new Ajv({ strict: false, allErrors: true, unicodeRegExp: false });
load('ajv-formats')(ajv);
const valid = ajv.compile(JSON.parse(fs.readFileSync(process.argv[2])));
for (const file of process.argv.slice(3))
  if (!valid(JSON.parse(fs.readFileSync(file)))) {
    console.error(file, valid.errors);
    process.exitCode = 1;
  }
