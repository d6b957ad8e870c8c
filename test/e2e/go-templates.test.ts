import { expect, test } from 'vitest'
import { compareWithGo } from '../support/go-templates/oracle.ts'
import { toolsFolder } from './support/commands.ts'

test('templates give what text/template of Go gives', async () => {
  const seed = Number(process.env['TEMPLATE_SEED'] ?? Math.floor(Math.random() * 1_000_000))
  console.log(`go templates: TEMPLATE_SEED=${seed}`)
  const { counts, unexplained } = await compareWithGo(toolsFolder(), seed, 5000)
  expect(unexplained).toEqual([])
  expect(counts['same text'] ?? 0).toBeGreaterThan(500)
})
