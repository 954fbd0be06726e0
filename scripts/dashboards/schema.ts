// What Grafana's own types say that a dashboard is, with the panels that ours have, closed: no field that they do not know.
import type * as raw from '@grafana/schema/dist/types/raw/dashboard/x/types.gen';
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
