using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Text;
using Podvirt.Core.Usage;
using Podvirt.Gateway.Tests.Fixtures;

namespace Podvirt.Gateway.Tests.Relay;

/// <summary>
/// An engine that is killed at any byte of its answer: the client is never told that all went well, what was read is
/// recorded, and no place, lease or connection stays behind.
/// </summary>
public sealed class EngineCutTests
{
    public static TheoryData<string, bool> Cuts()
    {
        var data = new TheoryData<string, bool>();
        foreach (var framing in Enum.GetNames<Framing>())
        {
            data.Add(framing, false);
            data.Add(framing, true);
        }
        return data;
    }

    [Theory]
    [MemberData(nameof(Cuts))]
    public async Task StreamCutAtEveryByte_NeverEndsWellAndLeavesNothing(string framing, bool reset)
    {
        var recorded = new RecordedStream();
        var wire = Wire.Of("text/event-stream", recorded.Sent, Enum.Parse<Framing>(framing));
        await using var bench = await Bench.StartAsync(wire, reset);
        await bench.ForEveryCutAsync(async cut =>
        {
            var (expected, tokens, isDone) = recorded.After(wire.PayloadWithin(cut));
            if (expected.Length == 0)
            {
                bench.Cut(cut);
            }
            using var response = await bench.PostAsync(Calls.StreamBody, cut).Within();
            if (expected.Length == 0)
            {
                await response.ErrorAsync(HttpStatusCode.BadGateway, "engine_unreachable");
                return new Outcome(UsageOutcome.Failed, 502, "engine_unreachable", default);
            }

            // The cut waits until the client has all that it can have: what arrives is then no matter of chance.
            var stream = await response.Content.ReadAsStreamAsync();
            Assert.Equal(expected, await ReadAsync(stream, Encoding.UTF8.GetByteCount(expected)));
            bench.Cut(cut);
            var rest = await new StreamReader(stream).ReadToEndAsync().Within();
            if (isDone)
            {
                Assert.Equal("", rest);
                return new Outcome(UsageOutcome.Completed, 200, "", tokens);
            }
            Assert.StartsWith("data: {\"error\":", rest, StringComparison.Ordinal);
            Calls.InBandError(rest, "engine_truncated");
            return new Outcome(UsageOutcome.Truncated, 200, "engine_truncated", tokens);
        });
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task StreamCutAtEveryByteWhereAnotherTryServes_IsWholeUpToItsFirstEventAndToldBehind(bool reset)
    {
        var recorded = new RecordedStream();
        var wire = Wire.Of("text/event-stream", recorded.Sent, Framing.Chunked);
        await using var bench = await Bench.StartAsync(wire, reset, servesAgain: true);
        var again = 0;
        await bench.ForEveryCutAsync(async cut =>
        {
            var (expected, tokens, isDone) = recorded.After(wire.PayloadWithin(cut));
            if (expected.Length == 0)
            {
                bench.Cut(cut);
                Interlocked.Increment(ref again);
            }
            using var response = await bench.PostAsync(Calls.StreamBody, cut).Within();
            var stream = await response.Content.ReadAsStreamAsync();
            if (expected.Length == 0)
            {
                Assert.Equal(new SampleReply(true, true, false, false).Events, await new StreamReader(stream).ReadToEndAsync().Within());
                return new Outcome(UsageOutcome.Completed, 200, "", new TokenCounts(SampleReply.Prompt, 0, SampleReply.Completion, 0));
            }
            Assert.Equal(expected, await ReadAsync(stream, Encoding.UTF8.GetByteCount(expected)));
            bench.Cut(cut);
            var rest = await new StreamReader(stream).ReadToEndAsync().Within();
            if (isDone)
            {
                Assert.Equal("", rest);
                return new Outcome(UsageOutcome.Completed, 200, "", tokens);
            }
            Calls.InBandError(rest, "engine_truncated");
            return new Outcome(UsageOutcome.Truncated, 200, "engine_truncated", tokens);
        });
        Assert.Equal(wire.Length + 1 + again, bench.Calls);
    }

    [Theory]
    [MemberData(nameof(Cuts))]
    public async Task PlainReplyCutAtEveryByte_IsNeverHandedOutAsWhole(string framing, bool reset)
    {
        var json = new SampleReply(true, false, false, false).Plain;
        var usageEnd = Encoding.UTF8.GetByteCount(json[..json.LastIndexOf(",\"x\"", StringComparison.Ordinal)]);
        var wire = Wire.Of("application/json", json, Enum.Parse<Framing>(framing), chunk: 9);
        await using var bench = await Bench.StartAsync(wire, reset);
        await bench.ForEveryCutAsync(async cut =>
        {
            var payload = wire.PayloadWithin(cut);
            var usage = payload >= usageEnd ? new TokenCounts(SampleReply.Prompt, 0, SampleReply.Completion, 0) : default;
            bench.Cut(cut);
            try
            {
                using var response = await bench.PostAsync(Calls.PlainBody, cut).Within();
                if (response.StatusCode == HttpStatusCode.OK)
                {
                    Assert.Equal(json, await response.TextAsync());
                    Assert.Equal(wire.Length, cut);
                    return new Outcome(UsageOutcome.Completed, 200, "", usage);
                }
                await response.ErrorAsync(HttpStatusCode.BadGateway, "engine_unreachable");

                // A reset may overtake what was sent before it.
                Assert.True(reset || payload < 2, $"An answer with {payload} bytes of payload is unreachable.");
                return new Outcome(UsageOutcome.Failed, 502, "engine_unreachable", default);
            }
            catch (HttpRequestException)
            {
                // Where a part had gone out, the connection ends: nobody can take it for the whole.
                return new Outcome(UsageOutcome.Truncated, 200, "engine_truncated", reset ? null : usage);
            }
        });
    }

    private static async Task<string> ReadAsync(Stream stream, int bytes)
    {
        var buffer = new byte[bytes];
        await stream.ReadExactlyAsync(buffer).AsTask().Within();
        return Encoding.UTF8.GetString(buffer);
    }

    /// <param name="Tokens">Null where it is a matter of chance what was read.</param>
    private sealed record Outcome(UsageOutcome Kind, int Status, string Reason, TokenCounts? Tokens);

    /// <summary>A gateway before an engine that sends the first bytes of one answer and is cut when the test says so.</summary>
    private sealed class Bench : IAsyncDisposable
    {
        private const int AtATime = 8;

        private readonly Wire _wire;
        private readonly FakeEngine _engine;
        private readonly TaskCompletionSource[] _cuts;
        private readonly ConcurrentDictionary<int, Guid> _ids = new();
        private readonly ConcurrentDictionary<string, bool> _seen = new(StringComparer.Ordinal);

        private Bench(Wire wire, bool reset, bool servesAgain)
        {
            _wire = wire;
            _cuts = [.. Enumerable.Range(0, wire.Length + 1).Select(_ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously))];
            _engine = new FakeEngine(async call =>
            {
                if (servesAgain && !_seen.TryAdd(call.Header("X-Request-Id")!, true))
                {
                    await call.AnswerAsync();
                    return;
                }
                var cut = int.Parse(call.Json.GetProperty("user").GetString()!, CultureInfo.InvariantCulture);
                _ids[cut] = Guid.Parse(call.Header("X-Request-Id")!);
                await call.SendAsync(wire.Bytes.AsMemory(0, cut));
                await _cuts[cut].Task;
                call.Connection.Close(reset);
            });
        }

        private GatewayHost Host { get; set; } = null!;

        /// <param name="servesAgain">A request that comes a second time is served whole.</param>
        public static async Task<Bench> StartAsync(Wire wire, bool reset, bool servesAgain = false)
        {
            var bench = new Bench(wire, reset, servesAgain);
            bench.Host = await GatewayHost.ServingAsync(bench._engine, options =>
            {
                options.AttemptsMax = servesAgain ? 2 : 1;
                options.ReplicaSuspension = TimeSpan.Zero;
            });
            return bench;
        }

        public int Calls => _engine.Calls.Count;

        public Task<HttpResponseMessage> PostAsync(string body, int cut) =>
            Host.Client.PostAsync(Fixtures.Calls.Chat, string.Create(CultureInfo.InvariantCulture, $"{{\"user\":\"{cut}\",{body[1..]}"));

        public void Cut(int cut) => _cuts[cut].TrySetResult();

        /// <summary>Runs one request for each cut, and at the end compares all records and counts what is left: nothing.</summary>
        public async Task ForEveryCutAsync(Func<int, Task<Outcome>> request)
        {
            var outcomes = new ConcurrentDictionary<int, Outcome>();
            await Parallel.ForEachAsync(
                Enumerable.Range(0, _wire.Length + 1), new ParallelOptions { MaxDegreeOfParallelism = AtATime },
                async (cut, _) => outcomes[cut] = await request(cut));
            var records = (await Host.Outbox.AllAsync(_wire.Length + 1)).ToDictionary(record => record.Id);
            foreach (var (cut, expected) in outcomes)
            {
                var record = records[_ids[cut]];
                Assert.True(
                    (expected.Kind, expected.Status, expected.Reason) == (record.Outcome, record.Status, record.Reason),
                    $"Cut at {cut}: {record.Outcome} {record.Status} '{record.Reason}' instead of {expected}.");
                Assert.True((expected.Tokens ?? record.Tokens) == record.Tokens, $"Cut at {cut}: {record.Tokens} instead of {expected.Tokens}.");
            }
            await Host.NothingIsLeftAsync(_engine);
        }

        public async ValueTask DisposeAsync()
        {
            await Host.DisposeAsync();
            await _engine.DisposeAsync();
        }
    }
}
