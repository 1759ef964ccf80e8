using Podvirt.Core.Usage;
using Podvirt.Gateway.Tests.Fixtures;

namespace Podvirt.Gateway.Tests.Relay;

/// <summary>
/// Tools, structured outputs, log probabilities, pictures and several choices: the engine gets what the client sent, the client what the
/// engine sent, and what was used is counted once.
/// </summary>
public sealed class FeatureTests
{
    public static TheoryData<string> Names => [.. FeatureSamples.All.Select(sample => sample.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Streamed_IsWhatThisEngineSendsForTheClientsOptions(string name)
    {
        var sample = FeatureSamples.All.Single(s => s.Name == name);

        // In pieces that end anywhere, also within characters.
        await using var engine = new FakeEngine(call => call.SendAsync(Wire.Of("text/event-stream", sample.Events(true, true), Framing.Chunked, chunk: 61).Bytes));
        await using var host = await ServingAsync(engine);
        foreach (var (options, include, continuous, sent) in ((string?, bool, bool, string)[])
        [
            (null, false, false, "\"stream_options\":{\"include_usage\":true,\"continuous_usage_stats\":true},"),
            ("{\"include_usage\":true}", true, false, "\"continuous_usage_stats\":true,"),
            ("{\"include_usage\":true,\"continuous_usage_stats\":true}", true, true, ""),
        ])
        {
            var body = sample.Body(options);
            Assert.Equal(sample.Events(include, continuous), await host.Client.PostAsync(sample.Path, body).TextAsync());

            // The splices that the docs name, and not a byte else.
            var at = options is null ? 1 : body.IndexOf(options, StringComparison.Ordinal) + 1;
            Assert.Equal(body.Insert(at, sent).Replace("\"model\":\"m\"", "\"model\":\"served\"", StringComparison.Ordinal), engine.LastCall.Body);
        }
        Assert.All(await host.Outbox.AllAsync(3), record => Assert.Equal(
            (UsageOutcome.Completed, UsageSource.Engine, new TokenCounts(sample.Prompt, 0, sample.Completion, 0)), (record.Outcome, record.Source, record.Tokens)));
        Assert.Empty(host.Troubles);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Plain_PassesUntouchedBothWays(string name)
    {
        var sample = FeatureSamples.All.Single(s => s.Name == name);
        await using var engine = new FakeEngine(call => call.SendAsync(Wire.Of("application/json", sample.Plain, Framing.Chunked, chunk: 61).Bytes));
        await using var host = await ServingAsync(engine);
        Assert.Equal(sample.Plain, await host.Client.PostAsync(sample.Path, sample.PlainBody).TextAsync());
        Assert.Equal(sample.PlainBody.Replace("\"model\":\"m\"", "\"model\":\"served\"", StringComparison.Ordinal), engine.LastCall.Body);
        var record = await host.Outbox.SingleAsync();
        Assert.Equal((UsageSource.Engine, new TokenCounts(sample.Prompt, 0, sample.Completion, 0)), (record.Source, record.Tokens));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task BrokenOffInTheMiddle_WhatWasCountedIsBilledAndNoEndIsMadeUp(string name)
    {
        var sample = FeatureSamples.All.Single(s => s.Name == name);
        var events = sample.Events(true, true).Split("\n\n", StringSplitOptions.RemoveEmptyEntries);
        var whole = string.Concat(events[..^2].Select(e => e + "\n\n"));
        await using var engine = new FakeEngine(async call =>
        {
            await call.SendStreamHeadAsync();
            await call.SendChunkAsync(whole);
            call.Close();
        });
        await using var host = await ServingAsync(engine);
        Calls.InBandError(await host.Client.PostAsync(sample.Path, sample.Body(null)).TextAsync(), "engine_truncated");
        var record = await host.Outbox.SingleAsync();
        Assert.Equal((UsageOutcome.Truncated, new TokenCounts(sample.Prompt, 0, sample.Completion, 0)), (record.Outcome, record.Tokens));
    }

    private static async Task<GatewayHost> ServingAsync(FakeEngine engine)
    {
        var host = await GatewayHost.StartAsync();
        await host.PublishAsync(Routes.Active("m", [engine], servedAs: "served"));
        return host;
    }
}
