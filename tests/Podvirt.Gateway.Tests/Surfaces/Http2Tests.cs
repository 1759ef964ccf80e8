using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Podvirt.Core.Messages;
using Podvirt.Core.Usage;
using Podvirt.Gateway.Tests.Fixtures;

namespace Podvirt.Gateway.Tests.Surfaces;

/// <summary>Over HTTP/2 an exchange is a stream: what befalls one is nothing to the others of its connection.</summary>
public sealed class Http2Tests
{
    private static readonly TimeSpan s_grace = TimeSpan.FromSeconds(30);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Answer_IsTheEnginesOwn(bool stream)
    {
        await using var engine = new FakeEngine();
        await using var host = await StartAsync([engine]);
        using var client = new Http2Client(host);
        var response = await client.PostAsync(stream ? Calls.StreamBody : Calls.PlainBody);
        var sample = new SampleReply(true, stream, false, false);
        Assert.Equal(HttpVersion.Version20, response.Version);
        Assert.Equal(stream ? sample.Events : sample.Plain, await response.TextAsync());
        Assert.Equal((await host.Outbox.SingleAsync()).Id.ToString(), response.Headers.GetValues("x-request-id").Single());
    }

    [Fact]
    public async Task OneStreamIsCancelled_ItsEngineIsCutAndTheOthersGoOn()
    {
        var go = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var engine = new FakeEngine(async call =>
        {
            if (call.Number == 3)
            {
                await call.AnswerAsync();
                return;
            }
            await call.SendStreamHeadAsync();
            await call.SendChunkAsync(Replies.Delta("a", 3 + call.Number));
            await (call.Number == 1 ? call.HangAsync() : go.Task);
            await call.SendChunkAsync(Replies.Delta("b", 9) + Replies.Done);
            await call.EndChunksAsync();
        });
        await using var host = await StartAsync([engine], slots: 2);
        using var client = new Http2Client(host);
        var first = await client.PostAsync(Calls.StreamBody);
        await (await first.Content.ReadAsStreamAsync()).ReadUntilAsync("\"a\"");
        using var second = await client.PostAsync(Calls.StreamBody);
        var stream = await second.Content.ReadAsStreamAsync();
        await stream.ReadUntilAsync("\"a\"");
        var third = client.PostAsync(Calls.PlainBody);
        await host.WaitingAsync(1);

        first.Dispose();
        await (await engine.CallAsync(1)).PeerClosed.Within();
        Assert.Equal(HttpStatusCode.OK, (await third.Within()).StatusCode);
        go.SetResult();
        await stream.ReadUntilAsync("[DONE]");
        Assert.Equal(1, client.Connections);
        var records = await host.Outbox.AllAsync(3);
        var cancelled = Assert.Single(records, record => record.Outcome == UsageOutcome.Cancelled);
        Assert.Equal(("client_gone", 4L), (cancelled.Reason, cancelled.Tokens.Completion));
        await host.InFlightAsync(0);
        Assert.Empty(host.Troubles);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task StreamIsCancelledWhileParked_FreesItsPlaceOnly(bool stream)
    {
        await using var host = await StartAsync([]);
        using var client = new Http2Client(host);
        using var cancel = new CancellationTokenSource();
        var first = client.PostAsync(stream ? Calls.StreamBody : Calls.PlainBody, cancel.Token);
        var second = client.PostAsync(Calls.PlainBody);
        await host.WaitingAsync(2);
        if (stream)
        {
            // Its 200 goes out at once: what is cancelled is the rest.
            (await first.Within()).Dispose();
        }
        else
        {
            await cancel.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        }
        await host.WaitingAsync(1);
        Assert.Equal((UsageOutcome.Cancelled, "client_gone"), ((await host.Outbox.SingleAsync()).Outcome, host.Outbox.Records.Single().Reason));

        await using var engine = new FakeEngine();
        await host.PublishAsync(Routes.Active("m", [engine]));
        Assert.Equal(HttpStatusCode.OK, (await second.Within()).StatusCode);
        Assert.Equal(1, client.Connections);
    }

    [Fact]
    public async Task StreamTakesNothing_ItsEngineIsHeldBackAndItAloneIsCut()
    {
        var clock = new Clock();
        var go = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var flood = new Flood(5_000);
        await using var engine = new FakeEngine(async call =>
        {
            if (call.Number == 1)
            {
                await flood.RunAsync(call);
                return;
            }
            await call.SendStreamHeadAsync();
            await call.SendChunkAsync(Replies.Delta("a", 1));
            await go.Task;
            await call.SendChunkAsync(Replies.Delta("b", 2) + Replies.Done);
            await call.EndChunksAsync();
        });
        await using var host = await StartAsync([engine], clock);
        await using var client = await RawHttp2.ConnectAsync(host);
        await client.PostAsync(1, Calls.StreamBody);
        await flood.StopsAsync();
        await client.PostAsync(3, Calls.StreamBody);
        await client.GrantAsync(3, 1_000_000);
        await client.Stream(3).HasAsync("\"a\"");

        await clock.UntilAsync(() => client.Stream(1).Reset is not null, "the stream is reset");
        Assert.True(clock.Elapsed >= s_grace, $"It was given up after {clock.Elapsed}.");
        var record = await host.Outbox.SingleAsync();
        Assert.Equal((UsageOutcome.Cancelled, "client_too_slow"), (record.Outcome, record.Reason));
        Assert.InRange(record.Tokens.Completion, 1, flood.Sent);
        await (await engine.CallAsync(1)).PeerClosed.Within();
        Assert.Equal("", client.Stream(1).Text);

        go.SetResult();
        await client.Stream(3).HasAsync("[DONE]");
        await Eventually.TrueAsync(() => client.Stream(3).HasEnded, "the other stream ends well");
        Assert.False(client.IsClosed);
    }

    [Fact]
    public async Task StreamTakesAsItIsGranted_EngineGoesOnAsFast()
    {
        var flood = new Flood(300);
        await using var engine = new FakeEngine(flood.RunAsync);
        await using var host = await StartAsync([engine]);
        await using var client = await RawHttp2.ConnectAsync(host);
        await client.PostAsync(1, Calls.StreamBody);
        for (var taken = 0; !client.Stream(1).HasEnded; taken += 50_000)
        {
            await client.GrantAsync(1, 50_000);
            await Eventually.TrueAsync(() => client.Stream(1).Text.Length == taken + 50_000 || client.Stream(1).HasEnded, "what was granted has come");
        }
        Assert.EndsWith(Replies.Done, client.Stream(1).Text, StringComparison.Ordinal);
    }

    // Comments are all that a parked client is sent, and this one takes none. The host holds 4 KiB for it: one longer
    // comment stands for the many that it takes to get there.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ParkedStreamTakesNothing_GivesItsPlaceOrItsLeaseBack(bool granted)
    {
        var clock = new Clock();
        await using var engine = new FakeEngine();
        await using var host = await StartAsync([], clock);
        await host.PublishAsync(Routes.Cold("m", new WarmUp(new string('x', 5_000), clock.GetUtcNow(), null)));
        await using var client = await RawHttp2.ConnectAsync(host);
        await client.PostAsync(1, Calls.StreamBody);
        await clock.UntilAsync(() => client.Stream(1).HasHead, "the stream is begun");
        if (granted)
        {
            await host.PublishAsync(Routes.Active("m", [engine], slots: 1));
        }

        await clock.UntilAsync(() => !host.Outbox.Records.IsEmpty, "the client is given up");
        Assert.True(clock.Elapsed >= s_grace, $"It was given up after {clock.Elapsed}.");
        var record = await host.Outbox.SingleAsync();
        Assert.Equal((UsageOutcome.Cancelled, 200, "client_too_slow"), (record.Outcome, record.Status, record.Reason));
        await host.WaitingAsync(0);
        await host.InFlightAsync(0);
        Assert.Empty(engine.Calls);
    }

    [Fact]
    public async Task BodyOfOneStreamTricklesIn_ItAloneIsRefused()
    {
        var clock = new Clock();
        await using var engine = new FakeEngine();
        await using var host = await StartAsync([engine], clock);
        await using var client = await RawHttp2.ConnectAsync(host, window: 1_000_000);
        await client.PostAsync(1, Calls.PlainBody, sent: 5);
        await clock.UntilAsync(() => client.Stream(1).HasEnded, "the stream is answered");
        Assert.True(clock.Elapsed >= s_grace, $"It was given up after {clock.Elapsed}.");
        Assert.Contains("body_too_slow", client.Stream(1).Text, StringComparison.Ordinal);

        await client.PostAsync(3, Calls.PlainBody);
        await client.Stream(3).HasAsync("\"usage\"");
        Assert.False(client.IsClosed);
        Assert.Single(engine.Calls);
    }

    private static async Task<GatewayHost> StartAsync(FakeEngine[] engines, Clock? clock = null, int slots = 8)
    {
        var host = await GatewayHost.StartAsync(
            options => (options.ClientGrace, options.CommentGrace) = (s_grace, TimeSpan.Zero),
            clock is null ? null : clock.Replace,
            protocols: HttpProtocols.Http2);
        await host.PublishAsync(engines.Length == 0 ? Routes.Cold("m") : Routes.Active("m", engines, slots, TimeSpan.FromHours(1)));
        return host;
    }

    /// <summary>Speaks nothing but HTTP/2, and counts its connections.</summary>
    private sealed class Http2Client : IDisposable
    {
        private readonly HttpClient _client;
        private int _connections;

        public Http2Client(GatewayHost host)
        {
            var handler = new SocketsHttpHandler { ConnectCallback = ConnectAsync };
            _client = new HttpClient(handler) { BaseAddress = host.Address };
            _client.DefaultRequestHeaders.Add("Authorization", "Bearer " + GatewayHost.Secret);
            _client.DefaultRequestVersion = HttpVersion.Version20;
            _client.DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact;
        }

        public int Connections => _connections;

        public Task<HttpResponseMessage> PostAsync(string body, CancellationToken cancellation = default) => _client.SendAsync(
            new HttpRequestMessage(HttpMethod.Post, Calls.Chat)
            {
                Content = new StringContent(body),
                Version = HttpVersion.Version20,
                VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            },
            HttpCompletionOption.ResponseHeadersRead, cancellation);

        public void Dispose() => _client.Dispose();

        private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellation)
        {
            Interlocked.Increment(ref _connections);
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            await socket.ConnectAsync(context.DnsEndPoint, cancellation);
            return new NetworkStream(socket, ownsSocket: true);
        }
    }
}
