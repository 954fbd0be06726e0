#!/bin/sh
# Makes a JSON schema of Grafana's own types (@grafana/schema), and the names of its units, transformations and field
# properties (@grafana/data), for the tests of the dashboards. Needs npm.
# scripts/grafana-schema.sh [VERSION]
set -eu
version=${1:-13.2.3}
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cp "$here/dashboards/schema.ts" "$folder"
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts \
    "@grafana/schema@$version" ts-json-schema-generator@2.4.0 typescript@5.9.3
npx ts-json-schema-generator --path schema.ts --type Shipped --jsDoc none --no-top-ref --no-type-check \
    --minify --id "grafana-schema-$version" > made.json
python3 -m json.tool --sort-keys --indent 1 made.json > "$here/../tests/data/grafana.schema.json"

npm install --silent --no-audit --no-fund --ignore-scripts --legacy-peer-deps "@grafana/data@$version" react@18 react-dom@18
node > names.json <<'JS'
Object.defineProperty(globalThis, 'navigator', { value: { language: 'en', languages: ['en'] }, configurable: true });
const data = require('@grafana/data');
const units = data.getValueFormats().flatMap(group => group.submenu.map(each => each.value));
console.log(JSON.stringify({
  units: [...units, 'string'].sort(),
  transformations: Object.values(data.DataTransformerID).sort(),
  fields: Object.values(data.FieldConfigProperty).sort(),
}));
JS
python3 -m json.tool --indent 1 names.json > "$here/../tests/data/grafana.names.json"
