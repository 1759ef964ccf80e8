using System.Text.Json;
using Podvirt.Gateway.Tests.Fixtures;

namespace Podvirt.Gateway.Tests.Surfaces;

/// <summary>What a hostile client puts on the wire: it gets one answer, and no engine gets anything but one good request.</summary>
public sealed class HostileClientTests
{
    private const string Smuggled = "POST /v1/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n";

    private static readonly string s_chunked = $"{Calls.PlainBody.Length:x}\r\n{Calls.PlainBody}\r\n0\r\n\r\n";

    public static TheoryData<string, string> Unclear => new()
    {
        { "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n", s_chunked },
        { "Transfer-Encoding: chunked\r\nContent-Length: 6\r\n", s_chunked },
        { "transfer-encoding: CHUNKED\r\ncontent-length: 0\r\n", s_chunked },
        { "Content-Length: 5\r\nContent-Length: 6\r\n", Calls.PlainBody },
        { "Content-Length: 57\r\nContent-Length: 57\r\n", Calls.PlainBody },
        { "Content-Length: 57, 57\r\n", Calls.PlainBody },
        { "Content-Length: -1\r\n", Calls.PlainBody },
        { "Content-Length: 0x10\r\n", Calls.PlainBody },
        { "Content-Length: 99999999999999999999\r\n", Calls.PlainBody },
        { "Transfer-Encoding: gzip, chunked\r\n", s_chunked },
        { "Transfer-Encoding: chunked, identity\r\n", s_chunked },
        { "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", s_chunked },
        { "Transfer-Encoding: xchunked\r\n", s_chunked },
        { "Transfer-Encoding : chunked\r\n", s_chunked },
        { "Transfer-Encoding:\vchunked\r\n", s_chunked },
        { "X: y\rContent-Length: 6\r\nContent-Length: 57\r\n", Calls.PlainBody },
        { "X: y\r\n folded\r\nContent-Length: 57\r\n", Calls.PlainBody },
        { "X: y\0z\r\nContent-Length: 57\r\n", Calls.PlainBody },
        { "X-Podvirt-Session-Id: s\rX-Evil: 1\r\nContent-Length: 57\r\n", Calls.PlainBody },
        { "Transfer-Encoding: chunked\r\n", "3;x\ny\r\nabc\r\n0\r\n\r\n" },
        { "Transfer-Encoding: chunked\r\n", "3\nabc\r\n0\r\n\r\n" },
        { "Transfer-Encoding: chunked\r\n", "3\r\nabcd\r\n0\r\n\r\n" },
        { "Transfer-Encoding: chunked\r\n", "-3\r\nabc\r\n0\r\n\r\n" },
        { "Transfer-Encoding: chunked\r\n", "0x3\r\nabc\r\n0\r\n\r\n" },
        { "Transfer-Encoding: chunked\r\n", "ffffffffffffffff3\r\nabc\r\n0\r\n\r\n" },
    };

    [Theory]
    [MemberData(nameof(Unclear))]
    public async Task BodysEndIsUnclear_IsRefusedAndNothingBehindItIsServed(string head, string body)
    {
        await using var engine = new FakeEngine();
        await using var host = await GatewayHost.ServingAsync(engine);
        using var client = await RawClient.ConnectAsync(host);
        await client.SendAsync(RawClient.Head(head) + body + Smuggled);
        var answer = await client.ReadToEndAsync();
        Assert.StartsWith("HTTP/1.1 400 ", answer, StringComparison.Ordinal);
        Assert.Equal(answer.IndexOf("HTTP/1.1", StringComparison.Ordinal), answer.LastIndexOf("HTTP/1.1", StringComparison.Ordinal));
        Assert.DoesNotContain("Evil", answer, StringComparison.Ordinal);
        Assert.Empty(engine.Calls);
        Assert.Empty(host.Outbox.Records);
    }

    [Theory]
    [InlineData("Transfer-Encoding: chunked\r\n", true)]
    [InlineData("Transfer-Encoding: Chunked\r\nContent-Type: text/plain\r\n", true)]
    [InlineData("Content-Encoding: gzip\r\nContent-Length: 57\r\nTE: trailers\r\nUpgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\n", false)]
    public async Task BodysEndIsClear_EngineGetsTheBodyWithALengthAndNoMore(string head, bool chunked)
    {
        await using var engine = new FakeEngine();
        await using var host = await GatewayHost.ServingAsync(engine);
        using var client = await RawClient.ConnectAsync(host);
        var half = Calls.PlainBody.Length / 2;
        var body = chunked
            ? $"{half:X};x=\"y\"\r\n{Calls.PlainBody[..half]}\r\n{Calls.PlainBody.Length - half:x}\r\n{Calls.PlainBody[half..]}\r\n0\r\nAuthorization: Bearer other\r\nX-Trailer: 1\r\n\r\n"
            : Calls.PlainBody;
        await client.SendAsync(RawClient.Head(head) + body);
        Assert.StartsWith("HTTP/1.1 200 ", await client.ReadUntilAsync("\"x\":null}"), StringComparison.Ordinal);
        Assert.Equal(Calls.PlainBody, engine.LastCall.Body);
        Assert.Equal(["Host", "Content-Type", "Authorization", "Accept", "X-Request-Id", "Content-Length"], NamesOf(engine.LastCall.Head));
    }

    [Fact]
    public async Task SecretsInAnyCaseAndTwice_NeverReachTheEngine()
    {
        await using var engine = new FakeEngine();
        await using var host = await GatewayHost.ServingAsync(engine);
        using var client = await RawClient.ConnectAsync(host);
        await client.SendAsync(RawClient.Post(
            Calls.StreamBody,
            "cookie: a=secret\r\nCOOKIE: b=secret\r\nX-PODVIRT-MAX-WAIT: 5\r\nx-podvirt-session-id: secret\r\nx-podvirt-secret: secret\r\n"
            + "X-Podvirt-Secret: secret\r\nProxy-Authorization: Basic secret\r\nX-Request-Id: secret\r\nX-API-KEY: secret\r\nX-Forwarded-For: secret\r\n"));
        var answer = await client.ReadUntilAsync("data: [DONE]");
        var head = engine.LastCall.Head;
        Assert.DoesNotContain("secret", head, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain(GatewayHost.Secret, head, StringComparison.Ordinal);
        Assert.DoesNotContain("podvirt", head, StringComparison.OrdinalIgnoreCase);
        Assert.Equal("Bearer engine-key", engine.LastCall.Header("Authorization"));

        // The id is the gateway's own, on both sides.
        var id = (await host.Outbox.SingleAsync()).Id.ToString();
        Assert.Equal(id, engine.LastCall.Header("X-Request-Id"));
        Assert.Contains($"x-request-id: {id}\r\n", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TwoKeys_AreNone()
    {
        await using var engine = new FakeEngine();
        await using var host = await GatewayHost.ServingAsync(engine);
        using var client = await RawClient.ConnectAsync(host);
        await client.SendAsync(RawClient.Post(Calls.PlainBody, $"authorization: Bearer {GatewayHost.Secret}\r\n"));
        Assert.StartsWith("HTTP/1.1 401 ", await client.ReadUntilAsync("invalid_api_key"), StringComparison.Ordinal);
        Assert.Empty(engine.Calls);
    }

    [Theory]
    [InlineData("X-Podvirt-Session-Id: a\r\nX-Podvirt-Session-Id: b\r\n", "twice")]
    [InlineData("X-Podvirt-Session-Id: é\r\n", "printable")]
    [InlineData("X-Podvirt-Session-Id: a\tb\r\n", "printable")]
    [InlineData("X-Podvirt-Max-Wait: 5\r\nx-podvirt-max-wait: 5\r\n", "Max-Wait")]
    public async Task OwnHeaderUnclear_Is400(string head, string names)
    {
        await using var engine = new FakeEngine();
        await using var host = await GatewayHost.ServingAsync(engine);
        using var client = await RawClient.ConnectAsync(host);
        await client.SendAsync(RawClient.Post(Calls.PlainBody, head));
        var answer = await client.ReadUntilAsync("invalid_header");
        Assert.StartsWith("HTTP/1.1 400 ", answer, StringComparison.Ordinal);
        Assert.Contains(names, answer, StringComparison.Ordinal);
        Assert.Empty(engine.Calls);
    }

    [Fact]
    public async Task NamesWithLineEnds_StayWhereTheyAre()
    {
        await using var engine = new FakeEngine();
        await using var host = await GatewayHost.ServingAsync(engine);
        using var client = await RawClient.ConnectAsync(host);
        await client.SendAsync(RawClient.Post(Calls.PlainBody.Replace("\"m\"", "\"m\\r\\nX-Evil: 1\\r\\n\\r\\n\"", StringComparison.Ordinal)));
        var answer = await client.ReadUntilAsync("\"model_not_found\"}}");
        Assert.StartsWith("HTTP/1.1 404 ", answer, StringComparison.Ordinal);
        var error = JsonDocument.Parse(answer[(answer.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..]).RootElement.GetProperty("error");
        Assert.Contains("`m\r\nX-Evil: 1\r\n\r\n`", error.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Empty(engine.Calls);
    }

    private static string[] NamesOf(string head) =>
        [.. head.Split("\r\n").Skip(1).TakeWhile(line => line.Length > 0).Select(line => line[..line.IndexOf(':', StringComparison.Ordinal)])];
}
