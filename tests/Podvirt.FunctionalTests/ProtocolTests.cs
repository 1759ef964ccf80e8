using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using Podvirt.FunctionalTests.Fixtures;

namespace Podvirt.FunctionalTests;

/// <summary>HTTP/1.1 and HTTP/2, with TLS and without, by real clients; and what a client may not do on any of them.</summary>
public class ProtocolTests
{
    private const string Body = """{"model":"chat","stream":true,"messages":[{"role":"user","content":"Why is the sky blue?"}]}""";

    [Fact]
    public async Task H2cAddress_SpeaksHttp2AndTheOtherHttp1()
    {
        var h2c = new Uri($"http://127.0.0.1:{Ports.Free()}");
        await using var server = await PodvirtProcess.StartAsync(Configs.WithGateway(
            Configs.Catalog(Configs.Model("chat")), $"listen_h2c: '{h2c.GetLeftPart(UriPartial.Authority)}'"));
        await AssertStreamsAsync(h2c, HttpVersion.Version20);
        await AssertStreamsAsync(server.Address, HttpVersion.Version11);

        await AssertCurlAsync(h2c, "2", "--http2-prior-knowledge");
        await AssertCurlAsync(server.Address, "1.1", "--http1.1");
        // An offer to upgrade is no reason to.
        await AssertCurlAsync(server.Address, "1.1", "--http2");
        var mistaken = await CurlAsync(server.Address, "--http2-prior-knowledge");
        Assert.NotEqual(0, mistaken.ExitCode);
    }

    [Fact]
    public async Task TlsAddress_SpeaksBoth()
    {
        var data = Directory.CreateTempSubdirectory("podvirt-");
        await using var server = await PodvirtProcess.StartAsync(
            Configs.Catalog(Configs.Model("chat")), data.FullName, Certificates.Make(data.FullName), scheme: "https");
        await AssertStreamsAsync(server.Address, HttpVersion.Version20);
        await AssertStreamsAsync(server.Address, HttpVersion.Version11);
        await AssertCurlAsync(server.Address, "2", "--http2", "--insecure");
        await AssertCurlAsync(server.Address, "1.1", "--http1.1", "--insecure");
    }

    [Fact]
    public async Task OneHttp2StreamIsCancelled_TheOtherOfItsConnectionGoesOn()
    {
        var h2c = new Uri($"http://127.0.0.1:{Ports.Free()}");
        await using var server = await PodvirtProcess.StartAsync(Configs.WithGateway(
            Configs.Catalog(Configs.Model("chat", more: "--sim-token-time, 10ms")), $"listen_h2c: '{h2c.GetLeftPart(UriPartial.Authority)}'"));
        using var client = MakeClient(h2c, HttpVersion.Version20);
        using var left = await PostAsync(client);
        using var stays = await PostAsync(client);
        using var leaving = new SseReader(left);
        using var staying = new SseReader(stays);
        await leaving.ReadAsync(until: r => r.Chunks.Count >= 10);
        await staying.ReadAsync(until: r => r.Chunks.Count >= 10);
        left.Dispose();
        Assert.True((await staying.ReadAsync()).IsDone);

        var records = await server.RecordsAsync(2);
        var cancelled = Assert.Single(records, r => (string)r["outcome"]! == "cancelled");
        Assert.Equal((leaving.RequestId, "client_gone"), ((string)cancelled["id"]!, (string)cancelled["reason"]!));
        Assert.Equal("completed", (string)Assert.Single(records, r => (string)r["id"]! == staying.RequestId)["outcome"]!);
        await Until.TrueAsync(async () => (long)(await server.ModelAsync("chat"))["in_flight"]! == 0, () => "a slot is still held");
    }

    [Fact]
    public async Task ClientReadsNothing_IsCutAndBilled()
    {
        await using var server = await PodvirtProcess.StartAsync(Configs.WithGateway(
            Configs.Catalog(Configs.Model("chat", more: "--sim-token-time, 1ms, --max-model-len, 1000000")), "client_grace: 2s"));
        using var client = await ConnectAsync(server);
        await SendAsync(client, Post(Body.Replace("\"stream\"", "\"ignore_eos\":true,\"max_tokens\":900000,\"stream\"", StringComparison.Ordinal)));

        var record = Assert.Single(await server.RecordsAsync(1));
        Assert.Equal(("cancelled", "client_too_slow", 200), ((string)record["outcome"]!, (string)record["reason"]!, (int)record["status"]!));
        Assert.True((long)record["completion_tokens"]! > 0);
        await Until.TrueAsync(async () => (long)(await server.ModelAsync("chat"))["in_flight"]! == 0, () => "a slot is still held");
    }

    [Fact]
    public async Task HeadComesTooSlowly_ConnectionIsClosed()
    {
        await using var server = await PodvirtProcess.StartAsync(Configs.WithGateway(
            Configs.Catalog(Configs.Model("chat")), "client_head_timeout: 1s, client_idle_timeout: 1s"));
        using var client = await ConnectAsync(server);
        await SendAsync(client, "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\n");
        Assert.StartsWith("HTTP/1.1 408 ", await ReadToEndAsync(client), StringComparison.Ordinal);

        using var idle = await ConnectAsync(server);
        await SendAsync(idle, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 200 ", await ReadToEndAsync(idle), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("POST /v1/chat/completions HTTP/1.1\nHost: x\nContent-Length: 2\n\n{}")]
    [InlineData("POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nX: y\nContent-Length: 2\r\n\r\n{}")]
    [InlineData("POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n")]
    public async Task RequestsEndIsUnclear_IsRefused(string request)
    {
        await using var server = await PodvirtProcess.StartAsync(Configs.Catalog(Configs.Model("chat")));
        using var client = await ConnectAsync(server);
        await SendAsync(client, request + "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
        var answer = await ReadToEndAsync(client);
        Assert.StartsWith("HTTP/1.1 400 ", answer, StringComparison.Ordinal);
        Assert.DoesNotContain("HTTP/1.1 200", answer, StringComparison.Ordinal);
    }

    private static async Task AssertStreamsAsync(Uri address, Version version)
    {
        using var client = MakeClient(address, version);
        using var response = await PostAsync(client);
        Assert.Equal((HttpStatusCode.OK, version), (response.StatusCode, response.Version));
        using var stream = await new SseReader(response).ReadAsync();
        Assert.True(stream.IsDone && stream.Text.Length > 60, stream.Text);
    }

    private static async Task AssertCurlAsync(Uri address, string version, params string[] options)
    {
        var run = await CurlAsync(address, options);
        Assert.True(run.ExitCode == 0, run.ToString());
        Assert.EndsWith($"data: [DONE]\n\n{version}", run.Output, StringComparison.Ordinal);
    }

    private static Task<ToolResult> CurlAsync(Uri address, params string[] options) => Tool.RunAsync("curl",
        ["-sN", .. options, "-w", "%{http_version}", $"{address}v1/chat/completions", "-H", $"Authorization: Bearer {PodvirtProcess.ApiKey}", "-d", Body]);

    private static HttpClient MakeClient(Uri address, Version version) => new(new SocketsHttpHandler { SslOptions = Certificates.TakeOurs })
    {
        BaseAddress = address,
        DefaultRequestVersion = version,
        DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
        DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", PodvirtProcess.ApiKey) },
    };

    private static Task<HttpResponseMessage> PostAsync(HttpClient client) => client.SendAsync(
        new HttpRequestMessage(HttpMethod.Post, "v1/chat/completions")
        {
            Content = new StringContent(Body),
            Version = client.DefaultRequestVersion,
            VersionPolicy = client.DefaultVersionPolicy,
        },
        HttpCompletionOption.ResponseHeadersRead);

    private static string Post(string body) =>
        $"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {PodvirtProcess.ApiKey}\r\nContent-Length: {body.Length}\r\n\r\n{body}";

    private static async Task<TcpClient> ConnectAsync(PodvirtProcess server)
    {
        // A small window: what the client's own system takes for it is not the server's to hold back.
        var client = new TcpClient { ReceiveBufferSize = 16 * 1024 };
        await client.ConnectAsync(IPAddress.Loopback, server.Address.Port);
        return client;
    }

    private static async Task SendAsync(TcpClient client, string text) => await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(text));

    private static async Task<string> ReadToEndAsync(TcpClient client)
    {
        using var reader = new StreamReader(client.GetStream(), Encoding.ASCII);
        return await reader.ReadToEndAsync().WaitAsync(TimeSpan.FromSeconds(60));
    }
}
