using System.Net;
using System.Text;
using Podvirt.Core.Models;
using Podvirt.Gateway.Tests.Fixtures;

namespace Podvirt.Gateway.Tests.Surfaces;

/// <summary>What is refused before anything is parked or sent.</summary>
public sealed class RefusalTests
{
    [Theory]
    [InlineData("nope", "nope")]
    [InlineData("M", "M")]
    [InlineData("no\\u0070e", "nope")]
    [InlineData("Ünbekannt/模型", "Ünbekannt/模型")]
    public async Task ModelUnknown_Is404(string name, string shown)
    {
        await using var host = await GatewayHost.StartAsync();
        await host.PublishAsync(Routes.Cold("m"));
        var error = await host.Client.PostAsync(Calls.Chat, Calls.PlainBody.Replace("\"m\"", $"\"{name}\"", StringComparison.Ordinal))
            .ErrorAsync(HttpStatusCode.NotFound, "model_not_found");
        Assert.Equal("model", error.GetProperty("param").GetString());
        Assert.Contains($"`{shown}`", error.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Empty(host.Outbox.Records);
    }

    [Fact]
    public async Task ModelNameLongerThanAny_Is404()
    {
        await using var host = await GatewayHost.StartAsync();
        await host.PublishAsync(Routes.Cold("m"));
        await host.Client.PostAsync(Calls.Chat, Calls.PlainBody.Replace("\"m\"", $"\"{new string('x', 5000)}\"", StringComparison.Ordinal))
            .ErrorAsync(HttpStatusCode.NotFound, "model_not_found");
    }

    [Fact]
    public async Task ModelNameEscaped_IsFound()
    {
        await using var engine = new FakeEngine();
        await using var host = await GatewayHost.ServingAsync(engine);
        var response = await host.Client.PostAsync(Calls.Chat, Calls.PlainBody.Replace("\"m\"", "\"\\u006d\"", StringComparison.Ordinal));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Theory]
    [InlineData("", "invalid_json")]
    [InlineData("hello", "invalid_json")]
    [InlineData("[]", "invalid_json")]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":"x"}]""", "invalid_json")]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":"x"}]} x""", "invalid_json")]
    [InlineData("""{"messages":[{"role":"user","content":"x"}]}""", "invalid_value")]
    [InlineData("""{"model":7,"messages":[{"role":"user","content":"x"}]}""", "invalid_value")]
    [InlineData("""{"model":"m","model":"m","messages":[{"role":"user","content":"x"}]}""", "invalid_value")]
    [InlineData("""{"model":"m","messages":"x"}""", "invalid_value")]
    [InlineData("""{"model":"m","messages":[]}""", "invalid_value")]
    [InlineData("""{"model":"m","messages":[{"content":"x"}]}""", "invalid_value")]
    [InlineData("""{"model":"m","stream":"yes","messages":[{"role":"user","content":"x"}]}""", "invalid_value")]
    [InlineData("""{"model":"m","stream_options":{},"messages":[{"role":"user","content":"x"}]}""", "invalid_value")]
    [InlineData("""{"model":"m","max_tokens":0,"messages":[{"role":"user","content":"x"}]}""", "invalid_value")]
    [InlineData("{\"model\":\"\\ud800\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}", "invalid_value")]
    [InlineData("{\"\\ud800\":1,\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}", "invalid_json")]
    public async Task BodyWrong_Is400(string body, string code)
    {
        await using var host = await GatewayHost.StartAsync();
        await host.PublishAsync(Routes.Cold("m"));
        await host.Client.PostAsync(Calls.Chat, body).ErrorAsync(HttpStatusCode.BadRequest, code);
        Assert.Equal(0, host.Dispatcher().GetDemand([]).Waiting);
    }

    [Fact]
    public async Task BodyWithInvalidUtf8InTheModel_Is400()
    {
        await using var host = await GatewayHost.StartAsync();
        await host.PublishAsync(Routes.Cold("m"));
        using var content = new ByteArrayContent([.. "{\"model\":\""u8, 0xFF, .. "\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}"u8]);
        await host.Client.PostAsync(Calls.Chat, content).ErrorAsync(HttpStatusCode.BadRequest, "invalid_json");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task BodyOverTheLimit_Is413(bool chunked)
    {
        await using var host = await GatewayHost.StartAsync(options => options.BodyBytesMax = 1000);
        await host.PublishAsync(Routes.Cold("m"));
        var request = new HttpRequestMessage(HttpMethod.Post, Calls.Chat)
        {
            Content = new StringContent(Calls.PlainBody.Replace("hi", new string('x', 3000), StringComparison.Ordinal)),
        };
        request.Headers.TransferEncodingChunked = chunked;
        await host.Client.SendAsync(request).ErrorAsync(HttpStatusCode.RequestEntityTooLarge, "body_too_large");
    }

    [Fact]
    public async Task BodyAtTheLimit_IsTaken_Chunked()
    {
        await using var engine = new FakeEngine();
        await using var host = await GatewayHost.ServingAsync(engine, options => options.BodyBytesMax = 40_000);
        var body = Calls.PlainBody.Replace("hi", new string('x', 40_000 - Calls.PlainBody.Length + 2), StringComparison.Ordinal);
        Assert.Equal(40_000, body.Length);
        var request = new HttpRequestMessage(HttpMethod.Post, Calls.Chat) { Content = new StringContent(body) };
        request.Headers.TransferEncodingChunked = true;
        Assert.Equal(HttpStatusCode.OK, (await host.Client.SendAsync(request)).StatusCode);
        Assert.Equal(body, engine.LastCall.Body);
    }

    [Fact]
    public async Task VideoModel_TakesNoPlainCompletions_AndSaysWhatItTakes()
    {
        await using var host = await GatewayHost.StartAsync();
        await host.PublishAsync(Routes.Cold("m") with { Model = Routes.Spec("m", ModelType.VideoGeneration) });
        var error = await host.Client.PostAsync("/v1/completions", """{"model":"m","prompt":"x"}""").ErrorAsync(HttpStatusCode.BadRequest, "wrong_model_type");
        Assert.Contains("/v1/videos", error.GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ModelOfAnotherType_Is400_AndNamesTheRightPath()
    {
        await using var host = await GatewayHost.StartAsync();
        await host.PublishAsync(Routes.Cold("m") with { Model = Routes.Spec("m", ModelType.Embedding) }, Routes.Cold("chat"));
        var error = await host.PlainAsync().ErrorAsync(HttpStatusCode.BadRequest, "wrong_model_type");
        Assert.Contains("/v1/embeddings", error.GetProperty("message").GetString(), StringComparison.Ordinal);

        error = await host.Client.PostAsync("/v1/embeddings", """{"model":"chat","input":"x"}""").ErrorAsync(HttpStatusCode.BadRequest, "wrong_model_type");
        Assert.Contains("/v1/chat/completions", error.GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("soon")]
    [InlineData("-1")]
    [InlineData("1,2")]
    [InlineData("1e3")]
    [InlineData("NaN")]
    [InlineData("Infinity")]
    [InlineData("-Infinity")]
    public async Task MaxWaitThatIsNoNumberOfSeconds_Is400(string value)
    {
        await using var host = await GatewayHost.StartAsync();
        await host.PublishAsync(Routes.Cold("m"));
        await host.PlainAsync(("X-Podvirt-Max-Wait", value)).ErrorAsync(HttpStatusCode.BadRequest, "invalid_header");
    }

    [Fact]
    public async Task SessionIdTooLong_Is400_AndTheLongestIsEchoed()
    {
        await using var engine = new FakeEngine();
        await using var host = await GatewayHost.ServingAsync(engine);
        await host.PlainAsync(("X-Podvirt-Session-Id", new string('s', 257))).ErrorAsync(HttpStatusCode.BadRequest, "invalid_header");

        var longest = new string('s', 256);
        var response = await host.PlainAsync(("X-Podvirt-Session-Id", longest));
        Assert.Equal(longest, response.Headers.GetValues("x-podvirt-session-id").Single());
    }

    [Fact]
    public async Task OutboxUnhealthy_RefusesBeforeAnyEngine()
    {
        await using var engine = new FakeEngine();
        await using var host = await GatewayHost.ServingAsync(engine);
        host.Outbox.IsHealthy = false;
        var response = await host.PlainAsync();
        Assert.NotNull(response.Headers.RetryAfter);
        await response.ErrorAsync(HttpStatusCode.ServiceUnavailable, "metering_unavailable");
        Assert.Empty(engine.Calls);
    }

    [Fact]
    public async Task ClientLeavesInTheMiddleOfItsBody_HarmsNothing()
    {
        await using var engine = new FakeEngine();
        await using var host = await GatewayHost.ServingAsync(engine);
        using var socket = new System.Net.Sockets.TcpClient();
        await socket.ConnectAsync(host.Address.Host, host.Address.Port);
        await socket.GetStream().WriteAsync(Encoding.ASCII.GetBytes(
            $"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {GatewayHost.Secret}\r\nContent-Length: 500\r\n\r\n{{\"model\""));
        socket.Client.LingerState = new System.Net.Sockets.LingerOption(enable: true, seconds: 0);
        socket.Close();
        Assert.Equal(HttpStatusCode.OK, (await host.PlainAsync()).StatusCode);
        Assert.Single(engine.Calls);
    }
}
