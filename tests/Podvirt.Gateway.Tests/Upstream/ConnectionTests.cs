using System.Net;
using Podvirt.Gateway.Tests.Fixtures;

namespace Podvirt.Gateway.Tests.Upstream;

public sealed class ConnectionTests
{
    [Fact]
    public async Task RequestsOneAfterTheOther_ShareOneConnection()
    {
        await using var engine = new FakeEngine();
        await using var host = await GatewayHost.ServingAsync(engine);
        for (var i = 0; i < 10; i++)
        {
            await host.StreamAsync().TextAsync();
            await host.InFlightAsync(0);
            await host.PlainAsync().TextAsync();
            await host.InFlightAsync(0);
        }
        Assert.Equal(1, engine.AcceptedConnections);
        Assert.Equal(20, engine.Calls.Count);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task PooledConnectionGoneStale_IsReplacedWithoutAnError(bool reset)
    {
        await using var engine = new FakeEngine();
        await using var host = await GatewayHost.ServingAsync(engine);
        for (var i = 1; i <= 5; i++)
        {
            Assert.Equal(HttpStatusCode.OK, (await host.PlainAsync()).StatusCode);
            await host.InFlightAsync(0);
            await engine.CloseIdleAsync(reset);
        }
        Assert.Equal(5, engine.AcceptedConnections);
        Assert.Empty(host.Troubles);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task PooledConnectionClosedAsItIsUsed_RequestIsSentAgain(bool reset)
    {
        await using var engine = new FakeEngine();
        engine.Script = async call =>
        {
            if (call.Connection.Number == 1 && call.Number > 1)
            {
                call.Connection.Close(reset);
                return;
            }
            await call.AnswerAsync();
        };
        await using var host = await GatewayHost.ServingAsync(engine);
        await host.StreamAsync().TextAsync();
        await host.InFlightAsync(0);
        Assert.EndsWith(Replies.Done, await host.StreamAsync().TextAsync(), StringComparison.Ordinal);
        Assert.Equal(2, engine.AcceptedConnections);
        Assert.Equal(3, engine.Calls.Count);
        Assert.Empty(host.Troubles);
    }

    [Theory]
    [InlineData("\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 4\r\n\r\nevil")]
    public async Task EngineSendsMoreThanItsAnswer_ConnectionIsNotUsedAgain(string more)
    {
        await using var engine = new FakeEngine(async call =>
        {
            if (call.Json.TryGetProperty("stream", out _))
            {
                await call.SendAsync(Replies.StreamHead() + Replies.Chunk(Replies.Done) + "0\r\n\r\n" + more);
            }
            else
            {
                await call.SendAsync("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}" + more);
            }
        });
        await using var host = await GatewayHost.ServingAsync(engine);
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal("{}", await host.PlainAsync().TextAsync());
            await host.InFlightAsync(0);
            Assert.Equal(Replies.Done, await host.StreamAsync().TextAsync());
            await host.InFlightAsync(0);
        }
        Assert.Equal(6, engine.AcceptedConnections);
    }

    [Fact]
    public async Task EngineAnswersBeforeItHasReadTheBody_ItsAnswerCounts()
    {
        await using var engine = new FakeEngine(call => call.AnswerJsonAsync(400, """{"error":"no"}""", "Connection: close\r\n"));
        await using var host = await GatewayHost.ServingAsync(engine);
        await host.PlainAsync().ErrorAsync(HttpStatusCode.BadRequest, null);
        await engine.LastCall.PeerClosed.Within();
        await host.PlainAsync().ErrorAsync(HttpStatusCode.BadRequest, null);
        Assert.Equal(2, engine.AcceptedConnections);
    }

    public static TheoryData<string, string> HostileHeads() => new()
    {
        { "two lengths", "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}" },
        { "length and coding", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}" },
        { "bare line feeds", "HTTP/1.1 200 OK\nContent-Length: 2\n\n{}\r\n\r\n" },
        { "bare line feed in a value", "HTTP/1.1 200 OK\r\nX: a\nSet-Cookie: evil=1\r\nContent-Length: 2\r\n\r\n{}" },
        { "folded", "HTTP/1.1 200 OK\r\nX: a\r\n evil\r\nContent-Length: 2\r\n\r\n{}" },
        { "no HTTP", "220 smtp\r\n\r\n" },
        { "HTTP/2", "HTTP/2 200\r\n\r\n" },
        { "status 999", "HTTP/1.1 999 OK\r\n\r\n" },
        { "other coding", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n" },
        { "negative length", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n" },
        { "content type not ASCII", "HTTP/1.1 200 OK\r\nContent-Type: application/json; x=é\r\nContent-Length: 2\r\n\r\n{}" },
        { "content type with a tab", "HTTP/1.1 200 OK\r\nContent-Type: application/json;\tx=1\r\nContent-Length: 2\r\n\r\n{}" },
        { "huge", "HTTP/1.1 200 OK\r\nX: " + new string('a', 40_000) + "\r\nContent-Length: 2\r\n\r\n{}" },
        { "endless", "HTTP/1.1 200 OK\r\n" + string.Concat(Enumerable.Repeat("X: a\r\n", 10_000)) },
        { "205", "HTTP/1.1 205 Reset\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}" },
        { "stream not asked for", "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 2\r\n\r\n: " },
    };

    [Theory]
    [MemberData(nameof(HostileHeads))]
    public async Task HeadHostile_Is502AndNothingOfItPasses(string name, string head)
    {
        await using var engine = new FakeEngine(async call =>
        {
            await call.SendAsync(head);
            await call.HangAsync();
        });
        await using var host = await GatewayHost.ServingAsync(engine, options => options.AttemptsMax = 1);
        var response = await host.PlainAsync();
        Assert.False(response.Headers.Contains("Set-Cookie"), name);
        Assert.False(response.Headers.Contains("X"), name);
        var text = await response.TextAsync();
        Assert.True(response.StatusCode == HttpStatusCode.BadGateway, $"{name}: {(int)response.StatusCode} {text}");
        await engine.LastCall.PeerClosed.Within();
        await host.InFlightAsync(0);
        Assert.Single(host.Outbox.Records);
    }

    [Theory]
    [InlineData("g\r\n{}\r\n0\r\n\r\n")]
    [InlineData("2\n{}\n0\n\n")]
    [InlineData("2\r\n{}0\r\n\r\n")]
    [InlineData("ffffffffffffffff\r\n{}")]
    public async Task ChunkedCodingBroken_NeverEndsWell(string body)
    {
        await using var engine = new FakeEngine(async call =>
        {
            await call.SendAsync("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n" + body);
            await call.HangAsync();
        });
        await using var host = await GatewayHost.ServingAsync(engine, options => options.AttemptsMax = 1);
        try
        {
            await host.PlainAsync().ErrorAsync(HttpStatusCode.BadGateway, "engine_malformed");
        }
        catch (HttpRequestException)
        {
            // Cut, where a part had gone out.
        }
        await engine.LastCall.PeerClosed.Within();
        Assert.Equal("engine_malformed", (await host.Outbox.SingleAsync()).Reason);
    }

    [Fact]
    public async Task HeadBehindInformationalOnesAndInPieces_IsRead()
    {
        const string Head = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n"
            + "HTTP/1.0 200 OK\r\nconnection: keep-alive\r\nCONTENT-TYPE:application/json\r\ncontent-length:  2 \r\n\r\n{}";
        await using var engine = new FakeEngine(async call =>
        {
            foreach (var c in Head)
            {
                await call.SendAsync(c.ToString());
            }
        });
        await using var host = await GatewayHost.ServingAsync(engine);
        var response = await host.PlainAsync();
        Assert.Equal("{}", await response.TextAsync());
        Assert.False(response.Headers.Contains("Link"));
        await host.InFlightAsync(0);
        await host.PlainAsync().TextAsync();
        Assert.Equal(1, engine.AcceptedConnections);
    }

    [Fact]
    public async Task ModelOrReplicaLeaves_IdleConnectionsAreClosed()
    {
        await using var first = new FakeEngine();
        await using var second = new FakeEngine();
        await using var host = await GatewayHost.ServingAsync(first);
        await host.PlainAsync().TextAsync();
        await host.InFlightAsync(0);
        await host.PublishAsync(Routes.Active("m", [second]) with { Replicas = [Routes.Replica("other", second.Address)] });
        await Eventually.TrueAsync(() => first.OpenConnections == 0, "the replica's connection is closed");

        await host.PlainAsync().TextAsync();
        await host.InFlightAsync(0);
        Assert.Equal(1, second.OpenConnections);
        await host.PublishAsync();
        await Eventually.TrueAsync(() => second.OpenConnections == 0, "the model's connection is closed");
    }

    [Fact]
    public async Task ReplicaMovesToAnotherAddress_IsAskedThere()
    {
        await using var first = new FakeEngine();
        await using var second = new FakeEngine();
        await using var host = await GatewayHost.ServingAsync(first);
        await host.PlainAsync().TextAsync();
        await host.PublishAsync(Routes.Active("m", [second]));
        await host.PlainAsync().TextAsync();
        Assert.Single(second.Calls);
        await host.InFlightAsync(0);
    }
}
