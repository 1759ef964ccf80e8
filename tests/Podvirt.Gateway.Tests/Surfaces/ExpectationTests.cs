using Podvirt.Gateway.Tests.Fixtures;

namespace Podvirt.Gateway.Tests.Surfaces;

/// <summary>Expect: 100-continue. A body that would be refused anyway is not asked for.</summary>
public sealed class ExpectationTests
{
    private const string Expect = "Expect: 100-continue\r\n";
    private const string Continue = "HTTP/1.1 100 Continue\r\n\r\n";

    [Theory]
    [InlineData("Expect: 100-continue\r\n")]
    [InlineData("expect: 100-Continue\r\n")]
    public async Task RequestIsGoodSoFar_ItsBodyIsAskedFor(string expect)
    {
        await using var engine = new FakeEngine();
        await using var host = await GatewayHost.ServingAsync(engine);
        using var client = await RawClient.ConnectAsync(host);
        await client.SendAsync(RawClient.Head($"{expect}Content-Length: {Calls.PlainBody.Length}\r\n"));
        Assert.Equal(Continue, await client.ReadUntilAsync("\r\n\r\n"));
        Assert.Empty(engine.Calls);
        await client.SendAsync(Calls.PlainBody);
        Assert.StartsWith("HTTP/1.1 200 ", await client.ReadUntilAsync("\"usage\""), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Content-Length: 2000\r\n", 413)]
    [InlineData("Content-Length: 0\r\n", 400)]
    [InlineData("Content-Length: 10\r\nX-Podvirt-Max-Wait: soon\r\n", 400)]
    [InlineData("Content-Length: 10\r\nX-Podvirt-Session-Id: a\r\nX-Podvirt-Session-Id: b\r\n", 400)]
    [InlineData("Transfer-Encoding: gzip, chunked\r\n", 400)]
    [InlineData("Content-Length: 10\r\nAuthorization: Bearer second\r\n", 401)]
    public async Task RequestIsRefused_ItsBodyIsNotAskedFor(string head, int status)
    {
        await using var engine = new FakeEngine();
        await using var host = await GatewayHost.ServingAsync(engine, options => options.BodyBytesMax = 1_000);
        using var client = await RawClient.ConnectAsync(host);
        await client.SendAsync(RawClient.Head(Expect + head));
        var answer = await client.ReadUntilAsync("\r\n\r\n");
        Assert.StartsWith($"HTTP/1.1 {status} ", answer, StringComparison.Ordinal);
        Assert.Contains("Connection: close\r\n", answer, StringComparison.Ordinal);

        // A client that sends its body all the same has nothing in it read as a request.
        await client.SendAsync(string.Concat(Enumerable.Repeat(RawClient.Post(Calls.PlainBody), 20)));
        Assert.DoesNotContain("HTTP/1.1", await client.ReadToEndAsync(), StringComparison.Ordinal);
        Assert.Empty(engine.Calls);
    }

    [Fact]
    public async Task GatewayCannotServe_BodyIsNotAskedFor()
    {
        await using var host = await GatewayHost.StartAsync();
        await host.PublishAsync(Routes.Cold("m"));
        host.Outbox.IsHealthy = false;
        using var client = await RawClient.ConnectAsync(host);
        await client.SendAsync(RawClient.Head(Expect + "Content-Length: 10\r\n"));
        Assert.StartsWith("HTTP/1.1 503 ", await client.ReadUntilAsync("metering_unavailable"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task RequestWithoutExpectation_IsRefusedOnAConnectionThatLives()
    {
        await using var engine = new FakeEngine();
        await using var host = await GatewayHost.ServingAsync(engine);
        using var client = await RawClient.ConnectAsync(host);
        await client.SendAsync(RawClient.Post(Calls.PlainBody, "X-Podvirt-Max-Wait: soon\r\n"));
        Assert.StartsWith("HTTP/1.1 400 ", await client.ReadUntilAsync("invalid_header"), StringComparison.Ordinal);
        await client.SendAsync(RawClient.Post(Calls.PlainBody));
        Assert.Contains("HTTP/1.1 200 ", await client.ReadUntilAsync("\"usage\""), StringComparison.Ordinal);
    }
}
