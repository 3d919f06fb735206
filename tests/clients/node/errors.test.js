'use strict'
// Details of errors, deadlines and cancellation.

const assert = require('node:assert/strict')
const { once } = require('node:events')
const { after, test } = require('node:test')
const { connect, detailsOf, grpc, inSeconds, unary } = require('./connect')

const [SENTENCE] = JSON.parse(process.env.KNOWN)
const summarization = connect('SummarizationService', process.env.TARGET)
const translation = connect('TranslationService', process.env.TARGET)
after(() => [summarization, translation].forEach((client) => client.close()))

async function failure(client, method, request, options) {
  try {
    await unary(client, method, request, options)
  } catch (error) {
    return error
  }
  throw new Error('the call did not fail')
}

test('an error has a reason, the field and the id of the request', async () => {
  const error = await failure(summarization, 'Summarize', { article: { body: SENTENCE }, length: { max_sentences: 0 } })
  assert.equal(error.code, grpc.status.INVALID_ARGUMENT)
  const { ErrorInfo, BadRequest } = detailsOf(error)
  assert.equal(ErrorInfo.domain, 'summsvc')
  assert.equal(ErrorInfo.reason, 'INVALID_FIELD')
  assert.ok(ErrorInfo.metadata.request_id)
  assert.deepEqual(BadRequest.field_violations.map((each) => each.field), ['length.max_sentences'])
})

test('a pair without a model', async () => {
  const request = { article: { body: SENTENCE, language_code: 'en' }, target_language_code: 'sw' }
  const error = await failure(translation, 'Translate', request)
  assert.equal(error.code, grpc.status.INVALID_ARGUMENT)
  assert.ok(['UNSUPPORTED_PAIR', 'LANGUAGE_UNKNOWN'].includes(detailsOf(error).ErrorInfo.reason))
})

test('a request above the limit of a message has no details', async () => {
  const body = 'A word. '.repeat(1_100_000)
  const error = await failure(summarization, 'Summarize', { article: { body } })
  assert.equal(error.code, grpc.status.RESOURCE_EXHAUSTED)
  assert.deepEqual(error.metadata.get('grpc-status-details-bin'), [])
})

test('a deadline that passes', async () => {
  const error = await failure(summarization, 'Summarize', { article: { body: SENTENCE } }, { deadline: Date.now() - 1 })
  assert.equal(error.code, grpc.status.DEADLINE_EXCEEDED)
})

test('a deadline that the server cannot meet', async () => {
  // Thousands of segments, none of which is cached.
  const body = Array.from({ length: 3000 }, (_, number) => `${number} ${SENTENCE}`).join('\n\n')
  const request = { article: { body, language_code: 'en' }, target_language_code: 'ru', bypass_cache: true }
  const error = await failure(translation, 'Translate', request, { deadline: inSeconds(1.5) })
  assert.equal(error.code, grpc.status.DEADLINE_EXCEEDED)
})

test('a stream that its reader cancels', async () => {
  const body = Array.from({ length: 300 }, (_, number) => `${number} ${SENTENCE}`).join('\n\n')
  const request = { article: { body, language_code: 'en' }, target_language_code: 'ru', bypass_cache: true }
  const call = translation.StreamTranslate({ request }, { deadline: inSeconds(60) })
  const [first] = await once(call, 'data')
  assert.equal(first.event, 'started')
  call.cancel()
  const [error] = await once(call, 'error')
  assert.equal(error.code, grpc.status.CANCELLED)
})
