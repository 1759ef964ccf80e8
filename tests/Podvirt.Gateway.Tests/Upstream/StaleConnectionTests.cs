using System.IO.Pipelines;
using System.Net;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Podvirt.Gateway.Tests.Fixtures;
using Podvirt.Gateway.Upstream;

namespace Podvirt.Gateway.Tests.Upstream;

/// <summary>A pooled connection that the engine has closed is replaced once, and only while nothing of an answer has come.</summary>
public sealed class StaleConnectionTests
{
    [Theory]
    [InlineData("H")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Ty")]
    [InlineData("HTTP/1.1 100 Continue\r\n\r\n")]
    public async Task ReusedConnectionBreaksWithinItsHead_IsNotReplaced(string sent)
    {
        await using var engine = new FakeEngine(async call =>
        {
            if (call.Number == 1)
            {
                await call.AnswerAsync();
                return;
            }
            await call.SendAsync(sent);
            call.Close();
        });
        await using var host = await GatewayHost.ServingAsync(engine, options => options.AttemptsMax = 1);
        await host.PlainAsync().TextAsync();
        await host.InFlightAsync(0);
        await host.PlainAsync().ErrorAsync(HttpStatusCode.BadGateway, "engine_unreachable");
        Assert.Equal(2, engine.Calls.Count);
        Assert.Equal(1, engine.AcceptedConnections);
        await host.NothingIsLeftAsync(engine);
    }

    [Theory]
    [InlineData("H", true)]
    [InlineData("HTTP/1.1 100 Continue\r\n\r\n", true)]
    [InlineData("", false)]
    public async Task ConnectionResetWithinItsHead_HasAnAnswerWhereBytesHadCome(string sent, bool hasAnswer)
    {
        var input = new Pipe(new PipeOptions(readerScheduler: PipeScheduler.Inline, writerScheduler: PipeScheduler.Inline));
        var connection = new UpstreamConnection(new Duplex(input.Reader, PipeWriter.Create(Stream.Null)), () => { }, () => default);
        var head = connection.ReadHeadAsync().AsTask();
        await input.Writer.WriteAsync(Encoding.ASCII.GetBytes(sent));
        await input.Writer.CompleteAsync(new IOException("reset"));
        await Assert.ThrowsAsync<IOException>(() => head);
        Assert.Equal(hasAnswer, connection.HasAnswer);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task EngineClosesReusedAndFreshConnection_IsNotAskedAThirdTime(bool reset)
    {
        await using var engine = new FakeEngine(async call =>
        {
            if (call.Number > 1)
            {
                call.Connection.Close(reset);
                return;
            }
            await call.AnswerAsync();
        });
        await using var host = await GatewayHost.ServingAsync(engine, options => options.AttemptsMax = 1);
        await host.PlainAsync().TextAsync();
        await host.InFlightAsync(0);
        await host.PlainAsync().ErrorAsync(HttpStatusCode.BadGateway, "engine_unreachable");
        Assert.Equal(3, engine.Calls.Count);
        Assert.Equal(2, engine.AcceptedConnections);
        await host.NothingIsLeftAsync(engine);
    }

    [Fact]
    public async Task AllPooledConnectionsAreStale_TheSecondTryIsOverANewOne()
    {
        const int Warm = 4;
        using var all = new CountdownEvent(Warm);
        var allThere = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var engine = new FakeEngine(async call =>
        {
            if (call.Number <= Warm)
            {
                if (all.Signal())
                {
                    allThere.SetResult();
                }
                await allThere.Task;
                await call.AnswerAsync();
            }
            else if (call.Connection.Number <= Warm)
            {
                call.Close();
            }
            else
            {
                await call.AnswerAsync();
            }
        });
        await using var host = await GatewayHost.ServingAsync(engine);
        await Task.WhenAll(Enumerable.Range(0, Warm).Select(_ => host.PlainAsync().TextAsync()));
        await host.InFlightAsync(0);
        Assert.Equal(Warm, host.Dispatcher().IdleConnections);
        await host.PlainAsync().TextAsync();
        Assert.Equal(Warm + 2, engine.Calls.Count);
        Assert.Empty(host.Troubles);
    }

    [Fact]
    public async Task EngineSays408OnAReusedConnection_RequestIsSentAgain()
    {
        await using var engine = new FakeEngine(async call =>
        {
            if (call.Number == 2)
            {
                await call.AnswerJsonAsync(408, "{}", "Connection: close\r\n");
                call.Close();
                return;
            }
            await call.AnswerAsync();
        });
        await using var host = await GatewayHost.ServingAsync(engine);
        await host.PlainAsync().TextAsync();
        await host.InFlightAsync(0);
        Assert.Equal(new SampleReply(true, false, false, false).Plain, await host.PlainAsync().TextAsync());
        Assert.Empty(host.Troubles);
        await host.NothingIsLeftAsync(engine);
    }

    [Fact]
    public async Task ReusedConnectionResetWhileALargeBodyIsSent_RequestIsSentAgainWhole()
    {
        await using var engine = new FakeEngine();
        engine.Early = (100_000, connection =>
        {
            engine.Early = null;
            connection.Close(reset: true);
            return Task.CompletedTask;
        }
        );
        await using var host = await GatewayHost.ServingAsync(engine);
        await host.PlainAsync().TextAsync();
        await host.InFlightAsync(0);
        Assert.Equal(new SampleReply(true, false, false, false).Plain, await host.Client.PostAsync(Calls.Chat, s_largeBody).TextAsync());
        Assert.Equal(s_largeBody, engine.LastCall.Body);
        Assert.Equal(2, engine.AcceptedConnections);
        Assert.Empty(host.Troubles);
        await host.NothingIsLeftAsync(engine);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task EngineRefusesALargeBodyBeforeItHasReadIt_ItsRefusalIsTheAnswer(bool closes)
    {
        const string Refusal = "HTTP/1.1 413 Too large\r\nContent-Type: application/json\r\nContent-Length: 20\r\n\r\n{\"error\":\"so large\"}";
        var answered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var engine = new FakeEngine();
        engine.Early = (100_000, async connection =>
        {
            await connection.SendAsync(Encoding.ASCII.GetBytes(Refusal));
            if (closes)
            {
                connection.CloseSending();
            }
            await answered.Task;
        }
        );
        await using var host = await GatewayHost.ServingAsync(engine);
        var error = await host.Client.PostAsync(Calls.Chat, s_largeBody).ErrorAsync(HttpStatusCode.RequestEntityTooLarge, null);
        Assert.Equal("so large", error.GetProperty("message").GetString());

        // Half a request went over it: it must not carry another, though the engine would keep it.
        var connector = host.Services.GetRequiredService<UpstreamConnector>();
        await Eventually.TrueAsync(() => connector.OpenConnections == 0, "the connection is given up");
        Assert.Equal(0, host.Dispatcher().IdleConnections);
        answered.SetResult();
        Assert.Empty(host.Troubles);
        await Eventually.TrueAsync(() => engine.OpenConnections == 0, "the connection is closed");
        await host.NothingIsLeftAsync(engine);
    }

    // More than all buffers between gateway and engine hold.
    private static readonly string s_largeBody = Calls.PlainBody.Replace("hi", new string('x', 24_000_000), StringComparison.Ordinal);

    private sealed record Duplex(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
