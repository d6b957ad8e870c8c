import { isObject, type Json } from '../../src/json/value.ts'
import { parseYaml } from '../../src/yaml/parse.ts'

/** The chart's alerts: groups of Prometheus rules. */
export const ALERTS = 'charts/portcullis/files/alerts.yaml'
/** The chart's Grafana dashboard. */
export const DASHBOARD = 'charts/portcullis/files/dashboard.json'

/** The alerts of a rule file. */
export function alertsOf(text: string): readonly { readonly alert: string; readonly expr: string }[] {
  const { groups } = objectsOf(text)[0] as unknown as { groups: { rules: { alert: string; expr: string }[] }[] }
  return groups.flatMap(({ rules }) => rules)
}

/** The queries of a dashboard, each with the title of its panel, as Prometheus takes them. */
export function queriesOf(text: string): readonly (readonly [string, string])[] {
  const { panels } = JSON.parse(text) as { panels: { title: string; targets?: { expr: string }[] }[] }
  return panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr }) => [title, expr.replaceAll('$__rate_interval', '5m')] as const),
  )
}

/** The YAML documents of a text that are objects. */
export function objectsOf(text: string): readonly Record<string, Json>[] {
  return parseYaml(text).documents.flatMap(({ value }) =>
    isObject(value as Json) ? [value as Record<string, Json>] : [],
  )
}
