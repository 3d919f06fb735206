'use strict'
// Every method of the API, and the health service.

const assert = require('node:assert/strict')
const { once } = require('node:events')
const { after, test } = require('node:test')
const { SERVICES, connect, grpc, inSeconds, unary } = require('./connect')

const TARGET = process.env.TARGET
const [SENTENCE, TRANSLATION] = JSON.parse(process.env.KNOWN)
const article = { title: '', body: `${SENTENCE}\n\n${SENTENCE}`, language_code: 'en' }
const translate = { article, target_language_code: 'ru', include_segments: true, decoding: { beam_size: 1 } }

const clients = Object.fromEntries(Object.keys(SERVICES).filter(isService).map((name) => [name, connect(name, TARGET)]))
const called = new Set()
after(() => Object.values(clients).forEach((client) => client.close()))

function isService(name) {
  return typeof SERVICES[name] === 'function' && SERVICES[name].service !== undefined
}

async function call(service, method, request) {
  called.add(`${service}.${method}`)
  return (await unary(clients[service], method, request)).reply
}

function stream(service, method, request) {
  called.add(`${service}.${method}`)
  return clients[service][method](request, { deadline: inSeconds(60) })
}

test('Summarize', async () => {
  const reply = await call('SummarizationService', 'Summarize', { article, length: { max_sentences: 1 } })
  assert.equal(reply.summary, SENTENCE)
  const { start, end } = reply.sentences[0].source_span
  assert.equal(Array.from(article.body).slice(start, end).join(''), SENTENCE)
})

test('BatchSummarize has a status for each article', async () => {
  const requests = [{ article }, { article: { body: '' } }]
  const { results } = await call('SummarizationService', 'BatchSummarize', { requests })
  assert.deepEqual(results.map((each) => each.result), ['response', 'error'])
  const [info] = results[1].error.details
  assert.equal(info.reason, 'EMPTY_ARTICLE')
})

test('Translate', async () => {
  const reply = await call('TranslationService', 'Translate', translate)
  assert.equal(reply.body, `${TRANSLATION}\n\n${TRANSLATION}`)
  assert.equal(reply.segments.length, 2)
  assert.equal(reply.models[0].model, 'opus-en-ru')
})

test('BatchTranslate', async () => {
  const { results } = await call('TranslationService', 'BatchTranslate', { requests: [translate, translate] })
  assert.deepEqual(
    results.map((each) => each.response.segments.map((segment) => segment.text)),
    [[TRANSLATION, TRANSLATION], [TRANSLATION, TRANSLATION]],
  )
})

test('StreamTranslate sends segments in order, which make up the body', async () => {
  const events = []
  for await (const event of stream('TranslationService', 'StreamTranslate', { request: translate })) events.push(event)
  assert.deepEqual(events.map((each) => each.event), ['started', 'segment', 'segment', 'finished'])
  const segments = events.filter((each) => each.event === 'segment').map((each) => each.segment)
  assert.deepEqual(segments.map((each) => each.index), [0, 1])
  const body = segments.map((each) => each.separator + each.text).join('')
  assert.equal(body + events.at(-1).finished.separator, `${TRANSLATION}\n\n${TRANSLATION}`)
})

test('ListModels', async () => {
  const { models } = await call('ModelService', 'ListModels', {})
  const ready = models.filter((each) => each.state === 'MODEL_STATE_READY').map((each) => each.id)
  assert.deepEqual(ready.sort(), ['opus-en-lt', 'opus-en-ru'])
})

test('GetServerInfo', async () => {
  const info = await call('ModelService', 'GetServerInfo', {})
  assert.equal(info.limits.max_body_code_points, 1_000_000)
  assert.ok(info.languages.includes('lt'))
})

test('health, once and watched', async () => {
  const service = 'summsvc.v1.TranslationService'
  assert.equal((await call('Health', 'Check', { service })).status, 'SERVING')
  const watch = stream('Health', 'Watch', { service })
  const [first] = await once(watch, 'data')
  assert.equal(first.status, 'SERVING')
  watch.cancel()
  const [error] = await once(watch, 'error')
  assert.equal(error.code, grpc.status.CANCELLED)
})

test('no method was left out', () => {
  const all = Object.keys(clients).flatMap((name) =>
    Object.values(SERVICES[name].service).map(({ path }) => path.replace(/.*\.(\w+)\/(\w+)$/, '$1.$2')),
  )
  assert.deepEqual([...called].sort(), all.sort())
})
