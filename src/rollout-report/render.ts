import { foreign, html, style } from './escape.ts'
import type { ReportFacts } from './model.ts'
import { blocked, gates, heading, revisions, specification, time } from './sections.ts'
import { simulation } from './simulation.ts'
import { stages } from './stages.ts'
import { STYLE } from './style.ts'

/**
 * A report as one HTML page that needs nothing else and runs nothing: the same facts, the same bytes.
 *
 * @param sha256 the SHA-256 of a text in base64: the page's own policy allows its one style sheet by it, and nothing beside.
 */
export function renderReport(facts: ReportFacts, sha256: (text: string) => string): string {
  const { name, phase, madeAt } = facts
  const policy = `default-src 'none'; style-src 'sha256-${sha256(STYLE)}'; base-uri 'none'; form-action 'none'`
  return html`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8"/>
<meta http-equiv="Content-Security-Policy" content="${policy}"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<meta name="color-scheme" content="light dark"/>
<meta name="referrer" content="no-referrer"/>
<title>${name}: ${phase}</title>
${style(STYLE)}
</head>
<body>
<main>
${heading(facts)}${stages(facts)}${gates(facts.gates)}${blocked(facts.blocked)}${revisions(facts.revisions)}${simulation(facts.simulation, name)}${specification(facts.yaml)}<footer>
<p>Made at ${time(madeAt)} of the rollout ${foreign(name)} by portcullis rollout report. It says what was so then, and does not change.</p>
</footer>
</main>
</body>
</html>
`.text
}
