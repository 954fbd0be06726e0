#!/bin/sh
# Makes JSON schemas of Grafana's own types (@grafana/schema, classic model and v2), and the names of its units,
# transformations and field properties (@grafana/data), for the tests of the dashboards. The TypeScript compiler checks
# the dashboards against the types too. Needs npm, and .venv.
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
schema() { # TYPE FILE
    npx ts-json-schema-generator --path schema.ts --type "$1" --jsDoc none --no-top-ref --no-type-check \
        --minify --id "grafana-schema-$version" > made.json
    python3 -m json.tool --sort-keys --indent 1 made.json > "$here/../tests/data/$2"
}
schema Shipped grafana.schema.json
schema ShippedV2 grafana.v2.schema.json

"$here/../.venv/bin/python" "$here/grafana.py" --v2 v2
{
    echo "import type { AsJson, Shipped, ShippedV2 } from './schema';"
    for file in "$here"/../grafana/dashboards/*.json; do
        printf 'export const %s: AsJson<Shipped> = %s;\n' "$(basename "$file" .json)" "$(cat "$file")"
    done
    for file in v2/*.json; do
        printf 'export const %s_v2: AsJson<ShippedV2> = %s;\n' "$(basename "$file" .json)" "$(cat "$file")"
    done
} > dashboards.ts
npx tsc --noEmit --strict --skipLibCheck --moduleResolution node10 --module commonjs dashboards.ts

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
