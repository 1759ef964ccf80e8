using System.Net;
using Podvirt.Core.Messages;
using Podvirt.Core.Usage;
using Podvirt.Gateway.Tests.Fixtures;

namespace Podvirt.Gateway.Tests.Upstream;

/// <summary>Engines over TLS are as good as others: the same bytes, the same reuse, the same end.</summary>
public sealed class TlsEngineTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task ManyRequests_GoOverOneConnection(bool stream)
    {
        await using var engine = new FakeEngine();
        await using var front = new TlsFront(engine, TestAuthority.Trusted);
        await using var host = await ServingAsync(front);
        var reply = new SampleReply(true, stream, false, false);
        for (var i = 0; i < 6; i++)
        {
            var response = await (stream ? host.StreamAsync() : host.PlainAsync());
            Assert.Equal(stream ? reply.Events : reply.Plain, await response.TextAsync());
            await host.InFlightAsync(0);

            // A look at an idle connection takes nothing from the next reply.
            host.Dispatcher().SweepConnections();
        }
        Assert.Equal((6, 1), (engine.Calls.Count, engine.AcceptedConnections));
        Assert.Equal($"127.0.0.1:{front.Port}", engine.LastCall.Header("Host"));
        Assert.All(await host.Outbox.AllAsync(6), record => Assert.Equal((UsageOutcome.Completed, 6L), (record.Outcome, record.Tokens.Completion)));
        await host.NothingIsLeftAsync(engine);
    }

    [Fact]
    public async Task EventArrives_GoesOutBeforeTheNext()
    {
        var seen = 0;
        await using var engine = new FakeEngine(async call =>
        {
            await call.SendStreamHeadAsync();
            for (var i = 1; i <= 10; i++)
            {
                await call.SendChunkAsync(Replies.Delta($"t{i}", i));
                await Eventually.TrueAsync(() => Volatile.Read(ref seen) >= i, "the client has the token");
            }
            await call.SendChunkAsync(Replies.Done);
            await call.EndChunksAsync();
        });
        await using var front = new TlsFront(engine, TestAuthority.Trusted);
        await using var host = await ServingAsync(front);
        var stream = await (await host.StreamAsync()).Content.ReadAsStreamAsync();
        for (var i = 1; i <= 10; i++)
        {
            await stream.ReadUntilAsync($"t{i}\"");
            Volatile.Write(ref seen, i);
        }
        await stream.ReadUntilAsync("[DONE]");
    }

    [Theory]
    [InlineData("")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")]
    public async Task EngineClosesOrSpeaksWhileItsConnectionIsIdle_ItIsLetGoOf(string late)
    {
        var go = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var engine = new FakeEngine(async call =>
        {
            await call.AnswerAsync();
            if (call.Number > 1)
            {
                return;
            }
            await go.Task;
            if (late.Length == 0)
            {
                call.Close();
            }
            else
            {
                await call.SendAsync(late);
            }
        });
        await using var front = new TlsFront(engine, TestAuthority.Trusted);
        await using var host = await ServingAsync(front, options => options.IdleConnectionTimeMax = TimeSpan.FromHours(1));
        await host.PlainAsync().TextAsync();
        await host.InFlightAsync(0);
        host.Dispatcher().SweepConnections();
        Assert.Equal(1, host.Dispatcher().IdleConnections);
        go.SetResult();
        await Eventually.TrueAsync(
            () =>
            {
                host.Dispatcher().SweepConnections();
                return host.Dispatcher().IdleConnections == 0;
            },
            "the connection is let go of");
        Assert.Equal(new SampleReply(true, false, false, false).Plain, await host.PlainAsync().TextAsync());
        Assert.Equal(2, engine.AcceptedConnections);
        Assert.Empty(host.Troubles);
        await host.NothingIsLeftAsync(engine);
    }

    [Fact]
    public async Task ReusedConnectionBreaksBeforeAnAnswer_RequestIsSentAgain()
    {
        await using var engine = new FakeEngine(call =>
        {
            if (call.Number != 2)
            {
                return call.AnswerAsync();
            }
            call.Close();
            return Task.CompletedTask;
        });
        await using var front = new TlsFront(engine, TestAuthority.Trusted);
        await using var host = await ServingAsync(front);
        await host.PlainAsync().TextAsync();
        await host.InFlightAsync(0);
        Assert.Equal(new SampleReply(true, false, false, false).Plain, await host.PlainAsync().TextAsync());
        Assert.Equal((3, 2), (engine.Calls.Count, engine.AcceptedConnections));
        Assert.Empty(host.Troubles);
        await host.NothingIsLeftAsync(engine);
    }

    [Fact]
    public async Task ClientLeaves_EngineIsCut()
    {
        await using var engine = new FakeEngine(async call =>
        {
            await call.SendStreamHeadAsync();
            await call.SendChunkAsync(Replies.Delta("a", 3));
            await call.HangAsync();
        });
        await using var front = new TlsFront(engine, TestAuthority.Trusted);
        await using var host = await ServingAsync(front);
        var response = await host.StreamAsync();
        await (await response.Content.ReadAsStreamAsync()).ReadUntilAsync("\"a\"");
        response.Dispose();
        await engine.LastCall.PeerClosed.Within();
        var record = await host.Outbox.SingleAsync();
        Assert.Equal((UsageOutcome.Cancelled, 3L), (record.Outcome, record.Tokens.Completion));
        await host.NothingIsLeftAsync(engine);
    }

    [Fact]
    public async Task EngineDiesInTheMiddleOfItsStream_ClientIsTold()
    {
        var go = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var engine = new FakeEngine(async call =>
        {
            await call.SendStreamHeadAsync();
            await call.SendChunkAsync(Replies.Delta("a", 3));
            await go.Task;
            call.Close();
        });
        await using var front = new TlsFront(engine, TestAuthority.Trusted);
        await using var host = await ServingAsync(front);
        var stream = await (await host.StreamAsync()).Content.ReadAsStreamAsync();
        await stream.ReadUntilAsync("\"a\"");
        go.SetResult();
        Calls.InBandError(await new StreamReader(stream).ReadToEndAsync().Within(), "engine_truncated");
        Assert.Equal((UsageOutcome.Truncated, 3L), await host.Outbox.SingleAsync() is var record ? (record.Outcome, record.Tokens.Completion) : default);
        await host.NothingIsLeftAsync(engine);
    }

    [Theory]
    [InlineData(true, "certificate")]
    [InlineData(false, "")]
    public async Task HandshakeFails_ReplicaIsReportedWithItsAddressAndTheReason(bool hasCertificate, string reason)
    {
        await using var engine = new FakeEngine();
        await using var front = new TlsFront(engine, hasCertificate ? TestAuthority.Untrusted : null);
        await using var host = await ServingAsync(front, options => options.AttemptsMax = 1);
        await host.StreamAsync().ErrorAsync(HttpStatusCode.BadGateway, "engine_unreachable");
        await Eventually.TrueAsync(() => !host.Troubles.IsEmpty, "the trouble is reported");
        var trouble = host.Troubles.Single();
        Assert.Equal(TroubleKind.Unreachable, trouble.Kind);
        Assert.StartsWith($"No connection to 127.0.0.1:{front.Port}: ", trouble.Detail, StringComparison.Ordinal);
        Assert.Contains(reason, trouble.Detail, StringComparison.Ordinal);
        Assert.Empty(engine.Calls);
        await host.NothingIsLeftAsync(engine);
    }

    private static async Task<GatewayHost> ServingAsync(TlsFront front, Action<GatewayOptions>? configure = null)
    {
        var host = await GatewayHost.StartAsync(configure);
        await host.PublishAsync(new ModelRoute
        {
            Model = Routes.Spec("m"),
            Status = Podvirt.Core.Replicas.ModelStatus.Active,
            Replicas = [Routes.Replica("m-0", front.Address)],
        });
        return host;
    }
}
