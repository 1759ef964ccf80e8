using Microsoft.AspNetCore.Http;
using Podvirt.Gateway.Surfaces;
using Podvirt.Gateway.Tests.Fixtures;

namespace Podvirt.Gateway.Tests.Surfaces;

/// <summary>A body that trickles in holds neither a place nor more memory than it has sent.</summary>
public sealed class SlowWriterTests
{
    private static readonly TimeSpan s_grace = TimeSpan.FromSeconds(30);

    [Theory]
    [InlineData("Content-Length: 1000\r\n", "{\"model\"")]
    [InlineData("Transfer-Encoding: chunked\r\n", "8\r\n{\"model\"\r\n")]
    [InlineData("Content-Length: 1000\r\nExpect: 100-continue\r\n", "")]
    public async Task BodyStops_IsRefusedAfterItsGrace(string head, string begun)
    {
        var clock = new Clock();
        await using var host = await StartAsync(clock);
        using var client = await RawClient.ConnectAsync(host);
        await client.SendAsync(RawClient.Head(head) + begun);
        var answer = client.ReadUntilAsync("\"body_too_slow\"}}");
        await clock.UntilAsync(() => answer.IsCompleted, "the request is answered");
        Assert.Contains("HTTP/1.1 408 ", await answer, StringComparison.Ordinal);
        Assert.True(clock.Elapsed >= s_grace, $"It was given up after {clock.Elapsed}.");
        Assert.Empty(host.Outbox.Records);
        Assert.Equal(0, host.Dispatcher().GetDemand([]).Waiting);
    }

    [Fact]
    public async Task BodyComesInPiecesButInTime_IsServed()
    {
        var clock = new Clock();
        await using var engine = new FakeEngine();
        await using var host = await StartAsync(clock);
        await host.PublishAsync(Routes.Active("m", [engine]));
        using var client = await RawClient.ConnectAsync(host);
        await client.SendAsync(RawClient.Head($"Content-Length: {Calls.PlainBody.Length}\r\n") + Calls.PlainBody[..30]);
        clock.Advance(s_grace - TimeSpan.FromSeconds(1));
        await client.SendAsync(Calls.PlainBody[30..]);
        Assert.StartsWith("HTTP/1.1 200 ", await client.ReadUntilAsync("\"usage\""), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Content-Length: 1000\r\n", "{\"model\"")]
    [InlineData("Transfer-Encoding: chunked\r\n", "8\r\n{\"model\"\r\n")]
    public async Task FinInTheMiddleOfABody_EndsTheRequestAndIsNoError(string head, string begun)
    {
        await using var host = await StartAsync(new Clock());
        using var client = await RawClient.ConnectAsync(host);
        await client.SendAsync(RawClient.Head(head) + begun);
        client.SendFin();
        await client.ReadToEndAsync();
        Assert.Empty(host.Outbox.Records);
    }

    [Theory]
    [InlineData("Content-Length: 1000\r\n", "{\"model\"")]
    [InlineData("Transfer-Encoding: chunked\r\n", "8\r\n{\"model\"\r\n")]
    public async Task HostStopsInTheMiddleOfABody_RequestIsRefusedAndHoldsNothingUp(string head, string begun)
    {
        var clock = new Clock();
        await using var host = await StartAsync(clock);
        using var client = await RawClient.ConnectAsync(host);
        await client.SendAsync(RawClient.Head(head + "Expect: 100-continue\r\n"));
        await client.ReadUntilAsync("HTTP/1.1 100 ");
        await client.SendAsync(begun);
        var stopping = host.StopAsync();
        Assert.StartsWith("HTTP/1.1 503 ", await client.ReadUntilAsync("shutting_down"), StringComparison.Ordinal);
        Assert.False(stopping.IsCompleted);
        await clock.UntilAsync(() => stopping.IsCompleted, "the host has stopped");
    }

    [Fact]
    public async Task HostIsStoppingAndABodyIsHeldBack_HoldsNothingUp()
    {
        var clock = new Clock();
        var go = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var engine = new FakeEngine(async call =>
        {
            await go.Task;
            await call.AnswerAsync();
        });
        await using var host = await StartAsync(clock);
        await host.PublishAsync(Routes.Active("m", [engine]));
        var running = host.PlainAsync();
        await engine.CallAsync(1);
        using var client = await RawClient.ConnectAsync(host);
        await client.SendAsync(RawClient.Post(Calls.PlainBody, "X-Podvirt-Max-Wait: soon\r\n"));
        await client.ReadUntilAsync("invalid_header");

        var stopping = host.StopAsync();
        await client.SendAsync(RawClient.Head("Content-Length: 1000\r\nExpect: 100-continue\r\n"));
        var answer = await client.ReadUntilAsync("shutting_down");
        Assert.StartsWith("HTTP/1.1 503 ", answer[answer.IndexOf("HTTP/1.1", StringComparison.Ordinal)..], StringComparison.Ordinal);
        go.SetResult();
        Assert.Equal(System.Net.HttpStatusCode.OK, (await running.Within()).StatusCode);
        await clock.UntilAsync(() => stopping.IsCompleted, "the host has stopped");
        Assert.DoesNotContain("HTTP/1.1", await client.ReadToEndAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public void BodyIsAnnouncedAndDoesNotCome_CostsNoMemory()
    {
        var context = new DefaultHttpContext();
        context.Request.ContentLength = 1L << 30;
        context.Request.Body = new System.IO.Pipelines.Pipe().Reader.AsStream();
        var options = new GatewayOptions { BodyBytesMax = 1L << 30 };
        var before = GC.GetAllocatedBytesForCurrentThread();
        var reading = RequestBody.ReadAsync(context, options, TimeProvider.System, CancellationToken.None);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 100_000);
        Assert.False(reading.IsCompleted);
    }

    private static async Task<GatewayHost> StartAsync(Clock clock)
    {
        var host = await GatewayHost.StartAsync(options => options.ClientGrace = s_grace, clock.Replace);
        await host.PublishAsync(Routes.Cold("m"));
        return host;
    }
}
