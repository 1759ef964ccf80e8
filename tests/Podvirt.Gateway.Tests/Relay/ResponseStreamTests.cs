using System.Text.Json;
using Podvirt.Core.Usage;
using Podvirt.Gateway.Tests.Fixtures;

namespace Podvirt.Gateway.Tests.Relay;

/// <summary>What only streams of responses have.</summary>
public sealed class ResponseStreamTests
{
    [Theory]
    [InlineData("null", UsageSource.None)]
    [InlineData(ResponseApi.Usage, UsageSource.Engine)]
    public async Task ResponseThatFailed_PassesAsItIsAndIsTruncated(string usage, UsageSource source)
    {
        var events = ResponseApi.Started + ResponseApi.Delta("Hé", 3) + ResponseApi.Ended("response.failed", "failed", usage);
        await using var engine = new FakeEngine(TypedSurface.Sends(events));
        await using var host = await GatewayHost.ServingAsync(engine);
        Assert.Equal(events, await host.Client.PostAsync(ResponseApi.Path, ResponseApi.StreamBody).TextAsync());
        var record = await host.Outbox.SingleAsync();
        Assert.Equal((UsageOutcome.Truncated, "engine_error", source), (record.Outcome, record.Reason, record.Source));
        await Eventually.TrueAsync(() => host.Troubles.Count == 1, "the scheduler is told");
    }

    [Theory]
    [InlineData("response.completed", "completed")]
    [InlineData("response.incomplete", "incomplete")]
    [InlineData("response.completed", "incomplete")]
    public async Task EndInEitherSpelling_IsAnEnd(string type, string status)
    {
        var events = ResponseApi.Started + ResponseApi.Delta("Hé", 3) + ResponseApi.Ended(type, status);
        await using var engine = new FakeEngine(TypedSurface.Sends(events));
        await using var host = await GatewayHost.ServingAsync(engine);
        Assert.Equal(events, await host.Client.PostAsync(ResponseApi.Path, ResponseApi.StreamBody).TextAsync());
        var record = await host.Outbox.SingleAsync();
        Assert.Equal((UsageOutcome.Completed, ResponseApi.Tokens), (record.Outcome, record.Tokens));
    }

    [Fact]
    public async Task ErrorInAStream_IsNumberedBehindTheLastEvent()
    {
        await using var engine = new FakeEngine(TypedSurface.SendsAndDies(ResponseApi.Started + ResponseApi.Delta("Hé", 41)));
        await using var host = await GatewayHost.ServingAsync(engine);
        var text = await host.Client.PostAsync(ResponseApi.Path, ResponseApi.StreamBody).TextAsync();
        var data = JsonDocument.Parse(text[(text.LastIndexOf("data: ", StringComparison.Ordinal) + 6)..]).RootElement;
        Assert.Equal(42, data.GetProperty("sequence_number").GetInt32());
    }

    [Fact]
    public async Task EventThatRepeatsALongRequest_PassesWhole()
    {
        // Instructions of some megabytes stand in the first events and in the last one.
        var events = ResponseApi.Events.Replace("\"instructions\":null", $"\"instructions\":\"{new string('i', 3_000_000)}\"", StringComparison.Ordinal);
        await using var engine = new FakeEngine(TypedSurface.Sends(events));
        await using var host = await GatewayHost.ServingAsync(engine);
        Assert.Equal(events, await host.Client.PostAsync(ResponseApi.Path, ResponseApi.StreamBody).TextAsync());
        Assert.Equal(ResponseApi.Tokens, (await host.Outbox.SingleAsync()).Tokens);
    }

    [Fact]
    public async Task EngineCallsTheModelOtherwise_ItsNameIsSplicedAndNothingElse()
    {
        await using var engine = new FakeEngine(TypedSurface.Sends(ResponseApi.Events));
        await using var host = await GatewayHost.StartAsync();
        await host.PublishAsync(Routes.Active("m", [engine], servedAs: "real"));
        await host.Client.PostAsync(ResponseApi.Path, ResponseApi.StreamBody).TextAsync();
        Assert.Equal(ResponseApi.StreamBody.Replace("\"m\"", "\"real\"", StringComparison.Ordinal), engine.LastCall.Body);
    }
}
