// k6 script: calls at a fixed arrival rate, independent of the responses, so that queueing shows as
// latency and not as fewer calls. Run by bench/serve/arrivals.py, which writes the plan.
import grpc from 'k6/net/grpc';
import exec from 'k6/execution';
import { Counter, Trend } from 'k6/metrics';

const plan = JSON.parse(open(__ENV.PLAN));
const client = new grpc.Client();
client.loadProtoset(__ENV.PROTOSET);

export const options = {
  scenarios: {
    arrivals: {
      executor: 'constant-arrival-rate',
      rate: Math.round(plan.rate * 60),
      timeUnit: '1m',
      duration: `${plan.seconds}s`,
      preAllocatedVUs: plan.most_waiting,
      gracefulStop: `${plan.deadline_s + 5}s`,
    },
  },
  summaryTrendStats: ['count', 'med', 'p(95)', 'p(99)', 'max'],
};

const answered = new Trend('answered_ms');
const refused = new Trend('refused_ms');
const late = new Trend('late_ms');
const broken = new Trend('broken_ms');
const tokens = new Counter('tokens');

// gRPC reports calls beyond max_pending_calls as Canceled; k6 itself cancels none.
const turnedAway = [grpc.StatusResourceExhausted, grpc.StatusUnauthenticated, grpc.StatusCanceled];

let connected = false;

export default function () {
  if (!connected) {
    client.connect(plan.address, { plaintext: true });
    connected = true;
  }
  const begun = Date.now();
  const response = client.invoke(
    'summsvc.v1.TranslationService/Translate',
    {
      article: { body: plan.bodies[exec.scenario.iterationInTest % plan.bodies.length], language_code: 'en' },
      target_language_code: 'ru',
      decoding: { beam_size: plan.beams },
      bypass_cache: true,
    },
    { timeout: `${plan.deadline_s}s` },
  );
  const ms = Date.now() - begun;
  if (response.status === grpc.StatusOK) {
    answered.add(ms);
    // Only responses after the warm-up and while calls arrive count.
    const second = (Date.now() - exec.scenario.startTime) / 1000;
    if (second >= plan.warm_up_s && second <= plan.seconds) {
      tokens.add(Number(response.message.stats.outputTokens));
    }
  } else if (turnedAway.includes(response.status)) {
    refused.add(ms);
  } else if (response.status === grpc.StatusDeadlineExceeded) {
    (ms < plan.deadline_s * 900 ? refused : late).add(ms);
  } else {
    broken.add(ms);
  }
}

export function handleSummary(data) {
  return { [__ENV.RESULT]: JSON.stringify(data.metrics) };
}
