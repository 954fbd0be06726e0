// What Grafana's own types say that a dashboard is, with the panels that ours have, closed: no field that they do not know.
import type * as raw from '@grafana/schema/dist/types/raw/dashboard/x/types.gen';
import type * as v2 from '@grafana/schema/dist/types/schema/dashboard/v2/types.spec.gen';
import type * as bargauge from '@grafana/schema/dist/types/raw/composable/bargauge/panelcfg/x/types.gen';
import type * as stat from '@grafana/schema/dist/types/raw/composable/stat/panelcfg/x/types.gen';
import type * as statetimeline from '@grafana/schema/dist/types/raw/composable/statetimeline/panelcfg/x/types.gen';
import type * as table from '@grafana/schema/dist/types/raw/composable/table/panelcfg/x/types.gen';
import type * as timeseries from '@grafana/schema/dist/types/raw/composable/timeseries/panelcfg/x/types.gen';

// Not in @grafana/schema: what the Prometheus data source reads of a query and of an annotation.
interface Query {
  refId: string;
  expr: string;
  datasource: { type: 'prometheus'; uid: string };
  legendFormat?: string;
  instant?: boolean;
  range?: boolean;
  format?: 'time_series' | 'table';
}

interface Annotation extends Omit<raw.AnnotationQuery, 'target'> {
  expr: string;
  step: string;
  titleFormat: string;
}

interface Input {
  name: string;
  label: string;
  description: string;
  type: 'datasource';
  pluginId: string;
  pluginName: string;
}

interface Defaults<Custom> extends Omit<raw.FieldConfig, 'custom'> {
  custom?: Custom;
}

interface Shown<Type extends string, Options, Custom> extends Omit<raw.Panel, 'type' | 'options' | 'fieldConfig' | 'targets'> {
  type: Type;
  options: Partial<Options>;
  fieldConfig: Omit<raw.FieldConfigSource, 'defaults'> & { defaults: Defaults<Custom> };
  targets: Query[];
}

type None = Record<string, never>;

export interface Shipped extends Omit<raw.Dashboard, 'panels' | 'annotations' | 'templating'> {
  __inputs: Input[];
  panels: Array<
    | Shown<'stat', stat.Options, None>
    | Shown<'bargauge', bargauge.Options, None>
    | Shown<'table', table.Options, Partial<table.FieldConfig>>
    | Shown<'state-timeline', statetimeline.Options, Partial<statetimeline.FieldConfig>>
    | Shown<'timeseries', timeseries.Options, Partial<timeseries.FieldConfig>>
    | Omit<raw.RowPanel, 'panels'> & { panels: None[] }
  >;
  annotations: { list: Annotation[] };
  templating: { list: raw.VariableModel[] };
}

// The same in the v2 schema, as a resource of Grafana's API.
interface QueryV2<Spec> extends Omit<v2.DataQueryKind, 'group' | 'version' | 'datasource' | 'spec'> {
  group: 'prometheus';
  version: 'v0';
  datasource: { name: string };
  spec: Spec;
}

interface PanelQueryV2 extends Omit<v2.PanelQueryKind, 'spec'> {
  spec: Omit<v2.PanelQuerySpec, 'query'> & { query: QueryV2<Omit<Query, 'refId' | 'datasource'>> };
}

interface AnnotationV2 extends Omit<v2.AnnotationQueryKind, 'spec'> {
  spec: Omit<v2.AnnotationQuerySpec, 'query' | 'legacyOptions'> & {
    query: QueryV2<None>;
    legacyOptions: Pick<Annotation, 'expr' | 'step' | 'titleFormat'>;
  };
}

interface QueryVariableV2 extends Omit<v2.QueryVariableKind, 'spec'> {
  spec: Omit<v2.QueryVariableSpec, 'query'> & { query: QueryV2<{ __legacyStringValue: string }> };
}

interface ShownV2<Type extends string, Options, Custom> extends Omit<v2.VizConfigKind, 'group' | 'spec'> {
  group: Type;
  spec: {
    options: Partial<Options>;
    fieldConfig: Omit<v2.FieldConfigSource, 'defaults'> & { defaults: Omit<v2.FieldConfig, 'custom'> & { custom?: Custom } };
  };
}

interface PanelV2 extends Omit<v2.PanelKind, 'spec'> {
  spec: Omit<v2.PanelSpec, 'data' | 'vizConfig'> & {
    data: Omit<v2.QueryGroupKind, 'spec'> & { spec: Omit<v2.QueryGroupSpec, 'queries'> & { queries: PanelQueryV2[] } };
    vizConfig:
      | ShownV2<'stat', stat.Options, None>
      | ShownV2<'bargauge', bargauge.Options, None>
      | ShownV2<'table', table.Options, Partial<table.FieldConfig>>
      | ShownV2<'state-timeline', statetimeline.Options, Partial<statetimeline.FieldConfig>>
      | ShownV2<'timeseries', timeseries.Options, Partial<timeseries.FieldConfig>>;
  };
}

export interface ShippedV2 {
  apiVersion: 'dashboard.grafana.app/v2';
  kind: 'Dashboard';
  metadata: { name: string };
  spec: Omit<v2.Spec, 'annotations' | 'elements' | 'layout' | 'variables'> & {
    annotations: AnnotationV2[];
    elements: Record<string, PanelV2>;
    layout: v2.RowsLayoutKind;
    variables: Array<QueryVariableV2 | v2.DatasourceVariableKind | v2.CustomVariableKind | v2.TextVariableKind>;
  };
}

// What a type is as JSON: the values of enumerations.
export type AsJson<T> = 0 extends 1 & T
  ? T
  : T extends string
    ? `${T}`
    : T extends object
      ? { [Name in keyof T]: AsJson<T[Name]> }
      : T;
