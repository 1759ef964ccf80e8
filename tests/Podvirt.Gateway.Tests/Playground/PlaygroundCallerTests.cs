using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Podvirt.Core.Usage;
using Podvirt.Gateway.Admission;
using Podvirt.Gateway.Playground;
using Podvirt.Gateway.Tests.Fixtures;

namespace Podvirt.Gateway.Tests.Playground;

public sealed class PlaygroundCallerTests
{
    private static readonly Caller s_caller = new(GatewayHost.Project, Key: "");

    [Fact]
    public async Task Stream_IsTheBytesOfAClientsAndIsRecordedBeforeItsEnd()
    {
        await using var engine = new FakeEngine(call => call.AnswerAsync());
        await using var host = await GatewayHost.ServingAsync(engine);
        var expected = await host.StreamAsync().TextAsync();

        using var call = Begin(host, Calls.StreamBody, ("X-Podvirt-Session-Id", "s-1"));
        Assert.Equal(expected, await ReadAsync(call));
        await call.Ended.Within();
        Assert.Equal(200, call.Status);
        Assert.StartsWith("text/event-stream", (string?)call.Headers.ContentType, StringComparison.Ordinal);
        Assert.Equal("s-1", (string?)call.Headers["x-podvirt-session-id"]);
        Assert.True(call.IsRecorded);
        var record = (await host.Outbox.AllAsync(2))[1];
        Assert.Equal((call.Headers["x-request-id"].ToString(), "playground", "", GatewayHost.Project, UsageOutcome.Completed),
            (record.Id.ToString(), record.Surface, record.Key, record.Project, record.Outcome));
    }

    [Fact]
    public async Task Refusal_HasItsStatusAndNoRecord()
    {
        await using var host = await GatewayHost.StartAsync();
        await host.PublishAsync(Routes.Cold("m"));
        using var call = Begin(host, Calls.StreamBody.Replace("\"m\"", "\"unknown\"", StringComparison.Ordinal));
        Assert.Contains("model_not_found", await ReadAsync(call), StringComparison.Ordinal);
        await call.Ended.Within();
        Assert.Equal((404, false), (call.Status, call.IsRecorded));
    }

    [Fact]
    public async Task Abort_CutsTheEngineAndBillsItsLastCounts()
    {
        await using var engine = new FakeEngine(async call =>
        {
            await call.SendStreamHeadAsync();
            await call.SendChunkAsync(Replies.Delta("a", 4));
            await call.HangAsync();
        });
        await using var host = await GatewayHost.ServingAsync(engine);
        using var call = Begin(host, Calls.StreamBody);
        await call.Body.ReadAsync().AsTask().Within();
        call.Abort();
        await engine.LastCall.PeerClosed.Within(2);
        await call.Ended.Within();
        Assert.True(call.IsRecorded);
        var record = await host.Outbox.SingleAsync();
        Assert.Equal((UsageOutcome.Cancelled, "client_gone", new TokenCounts(7, 0, 4, 0)), (record.Outcome, record.Reason, record.Tokens));
        await host.InFlightAsync(0);
    }

    [Fact]
    public async Task AbortWhileParked_FreesThePlace()
    {
        await using var host = await GatewayHost.StartAsync();
        await host.PublishAsync(Routes.Cold("m"));
        using var call = Begin(host, Calls.StreamBody);
        await host.WaitingAsync(1);
        call.Abort();
        await call.Ended.Within();
        await host.WaitingAsync(0);
        Assert.True(call.IsRecorded);
        Assert.Equal(UsageOutcome.Cancelled, (await host.Outbox.SingleAsync()).Outcome);
    }

    [Fact]
    public async Task ReaderThatDoesNotRead_SlowsTheEngineDown()
    {
        var sent = 0;
        await using var engine = new FakeEngine(async call =>
        {
            await call.SendStreamHeadAsync();
            for (var i = 1; !call.PeerClosed.IsCompleted; i++)
            {
                await call.SendChunkAsync(Replies.Delta(new string('x', 10_000), i));
                Volatile.Write(ref sent, i);
            }
        });
        await using var host = await GatewayHost.ServingAsync(engine);
        using var call = Begin(host, Calls.StreamBody);

        // What the pipe and the sockets between hold, and no more.
        var (before, still) = (-1, 0);
        await Eventually.TrueAsync(() =>
        {
            var now = Volatile.Read(ref sent);
            still = now == before && now > 0 ? still + 1 : 0;
            before = now;
            return still > 20;
        }, "the engine is held up");
        Assert.InRange(Volatile.Read(ref sent), 1, 2_000);
        call.Abort();
        await call.Ended.Within();
    }

    private static PlaygroundCall Begin(GatewayHost host, string body, params (string Name, string Value)[] headers) =>
        host.Services.GetRequiredService<PlaygroundCaller>().Begin(
            s_caller, headers.Select(h => KeyValuePair.Create(h.Name, h.Value)), Encoding.UTF8.GetBytes(body));

    private static async Task<string> ReadAsync(PlaygroundCall call)
    {
        var text = new StringBuilder();
        while (true)
        {
            var read = await call.Body.ReadAsync().AsTask().Within();
            foreach (var segment in read.Buffer)
            {
                text.Append(Encoding.UTF8.GetString(segment.Span));
            }
            call.Body.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted)
            {
                return text.ToString();
            }
        }
    }
}
