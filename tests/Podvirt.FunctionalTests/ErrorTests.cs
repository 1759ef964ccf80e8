using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;

namespace Podvirt.FunctionalTests;

/// <summary>Every refusal has a status, the API's shape, a request id and a sentence that helps.</summary>
public sealed class ErrorTests(ErrorTests.Server fixture) : IClassFixture<ErrorTests.Server>
{
    private const string Chat = "v1/chat/completions";

    public static TheoryData<string, string, HttpStatusCode, string?, string> Bodies => new()
    {
        { Chat, """{"model":"nobody","messages":[{"role":"user","content":"hi"}]}""", HttpStatusCode.NotFound, "model_not_found", "nobody" },
        { Chat, """{"model":"chat","messages":""", HttpStatusCode.BadRequest, "invalid_json", "JSON" },
        { Chat, """["chat"]""", HttpStatusCode.BadRequest, "invalid_json", "object" },
        { Chat, "", HttpStatusCode.BadRequest, "invalid_json", "empty" },
        { Chat, """{"messages":[{"role":"user","content":"hi"}]}""", HttpStatusCode.BadRequest, "invalid_value", "model" },
        { Chat, """{"model":7,"messages":[{"role":"user","content":"hi"}]}""", HttpStatusCode.BadRequest, "invalid_value", "string" },
        { Chat, """{"model":"chat","messages":"hi"}""", HttpStatusCode.BadRequest, "invalid_value", "array" },
        { Chat, """{"model":"chat","messages":[]}""", HttpStatusCode.BadRequest, "invalid_value", "empty" },
        { Chat, """{"model":"chat","stream":"yes","messages":[{"role":"user","content":"hi"}]}""", HttpStatusCode.BadRequest, "invalid_value", "stream" },
        { Chat, """{"model":"chat","max_tokens":"5","messages":[{"role":"user","content":"hi"}]}""", HttpStatusCode.BadRequest, "invalid_value", "max_tokens" },
        { Chat, """{"model":"chat","model":"vectors","messages":[{"role":"user","content":"hi"}]}""", HttpStatusCode.BadRequest, "invalid_value", "twice" },
        { Chat, """{"model":"vectors","messages":[{"role":"user","content":"hi"}]}""", HttpStatusCode.BadRequest, "wrong_model_type", "/v1/embeddings" },
        { "v1/embeddings", """{"model":"chat","input":"hi"}""", HttpStatusCode.BadRequest, "wrong_model_type", "/v1/chat/completions" },
        { "/v1/completions", """{"model":"film","prompt":"hi"}""", HttpStatusCode.BadRequest, "wrong_model_type", "/v1/videos" },
        { "v1/nothing", "{}", HttpStatusCode.NotFound, "unknown_path", "/v1/nothing" },
        { "v1/load_lora_adapter", """{"model":"chat","lora_name":"x","lora_path":"/x"}""", HttpStatusCode.NotFound, "unknown_path", "/v1/load_lora_adapter" },
        { "sleep?level=2", """{"model":"chat"}""", HttpStatusCode.NotFound, "unknown_path", "/sleep" },
        { "collective_rpc", """{"model":"chat","method":"reload_weights"}""", HttpStatusCode.NotFound, "unknown_path", "/collective_rpc" },
        { "inference/v1/generate", """{"model":"chat"}""", HttpStatusCode.NotFound, "unknown_path", "/inference/v1/generate" },
        { "v2/embed", "{}", HttpStatusCode.NotFound, "unknown_path", "/v2/embed" },
        { "v1/rerank", """{"model":"vectors","query":"a","documents":[]}""", HttpStatusCode.BadRequest, "invalid_value", "documents" },
        { "v1/audio/speech", """{"model":"vectors","input":"a"}""", HttpStatusCode.BadRequest, "wrong_model_type", "/v1/embeddings" },
    };

    [Theory]
    [MemberData(nameof(Bodies))]
    public async Task BadRequest_IsRefusedInTheApisShape(string path, string body, HttpStatusCode status, string? code, string names)
    {
        using var response = await fixture.Podvirt.Client.PostAsync(path, new StringContent(body, Encoding.UTF8, "application/json"));
        await AssertErrorAsync(response, status, code, names);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("pv-wrong-key-0123456789")]
    public async Task KeyWrongOrMissing_IsUnauthorized(string? key)
    {
        using var client = new HttpClient { BaseAddress = fixture.Podvirt.Address };
        client.DefaultRequestHeaders.Authorization = key is null ? null : new AuthenticationHeaderValue("Bearer", key);
        using var response = await client.GetAsync("v1/models");
        await AssertErrorAsync(response, HttpStatusCode.Unauthorized, "invalid_api_key", "key");
    }

    [Fact]
    public async Task BodyOverTheLimit_IsRefusedWhetherAnnouncedOrNot()
    {
        var body = $$"""{"model":"chat","messages":[{"role":"user","content":"{{new string('x', 70_000)}}"}]}""";
        using var announced = await fixture.Podvirt.Client.PostAsync(Chat, new StringContent(body, Encoding.UTF8, "application/json"));
        await AssertErrorAsync(announced, HttpStatusCode.RequestEntityTooLarge, "body_too_large", "65536");

        using var request = new HttpRequestMessage(HttpMethod.Post, Chat)
        {
            Content = new StreamContent(new MemoryStream(Encoding.UTF8.GetBytes(body))),
            Headers = { TransferEncodingChunked = true },
        };
        using var chunked = await fixture.Podvirt.Client.SendAsync(request);
        await AssertErrorAsync(chunked, HttpStatusCode.RequestEntityTooLarge, "body_too_large", "65536");
    }

    [Fact]
    public async Task WrongMethod_NamesTheRightOne()
    {
        using var response = await fixture.Podvirt.Client.GetAsync(Chat);
        await AssertErrorAsync(response, HttpStatusCode.MethodNotAllowed, "wrong_method", "POST");
    }

    [Fact]
    public async Task ShortMaxWait_AnswersUnavailableWithRetryAfter()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, Chat)
        {
            Content = JsonContent.Create(new { model = "slow", messages = new[] { new { role = "user", content = "hi" } } }),
            Headers = { { "X-Podvirt-Max-Wait", "0.3" } },
        };
        using var response = await fixture.Podvirt.Client.SendAsync(request);
        await AssertErrorAsync(response, HttpStatusCode.ServiceUnavailable, "model_warming_timeout", "slow");
        Assert.NotNull(response.Headers.RetryAfter);
    }

    [Fact]
    public async Task Models_AreListedWithWhatClientsNeed()
    {
        var list = (await fixture.Podvirt.Client.GetFromJsonAsync<JsonObject>("v1/models"))!;
        Assert.Equal("list", (string)list["object"]!);
        Assert.Equal(["chat", "film", "org/slashed", "slow", "vectors"], list["data"]!.AsArray().Select(m => (string)m!["id"]!).Order());
        var one = (await fixture.Podvirt.Client.GetFromJsonAsync<JsonObject>("v1/models/org/slashed"))!;
        Assert.Equal("org/slashed", (string)one["id"]!);
        Assert.Equal("model", (string)one["object"]!);
        Assert.NotNull(one["created"]);
        Assert.NotNull(one["owned_by"]);
    }

    [Fact]
    public async Task RevokedKey_IsRefusedAtOnce()
    {
        var created = await fixture.Podvirt.Admin.PostAsJsonAsync("api/keys", new { name = "short-lived" });
        var reply = (await created.Content.ReadFromJsonAsync<JsonObject>())!;
        using var client = new HttpClient { BaseAddress = fixture.Podvirt.Address };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", (string)reply["secret"]!);
        await Until.TrueAsync(async () => (await client.GetAsync("v1/models")).StatusCode == HttpStatusCode.OK, () => "The new key never worked.");
        Assert.True((await fixture.Podvirt.Admin.DeleteAsync($"api/keys/{reply["key"]!["id"]}")).IsSuccessStatusCode);
        await Until.TrueAsync(async () => (await client.GetAsync("v1/models")).StatusCode == HttpStatusCode.Unauthorized, () => "The revoked key still works.");
    }

    private static async Task AssertErrorAsync(HttpResponseMessage response, HttpStatusCode status, string? code, string names)
    {
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(status == response.StatusCode, $"{response.StatusCode}: {text}");
        var error = JsonNode.Parse(text)!["error"]!.AsObject();
        Assert.Equal(["message", "type", "param", "code"], error.Select(e => e.Key));
        Assert.Equal(code, (string?)error["code"]);
        Assert.Contains(names, (string)error["message"]!, StringComparison.Ordinal);
        Assert.Equal("application/json", response.Content.Headers.ContentType!.MediaType);
        Assert.True(Guid.TryParse(response.Headers.GetValues("x-request-id").Single(), out _));
    }

    public sealed class Server : IAsyncLifetime
    {
        public PodvirtProcess Podvirt { get; private set; } = null!;

        public async ValueTask InitializeAsync() => Podvirt = await PodvirtProcess.StartAsync(Configs.WithLimits(
            Configs.Catalog(
                Configs.Model("chat"), Configs.Model("org/slashed"), Configs.Model("vectors", type: "embedding"),
                Configs.Model("film", type: "video-generation"), Configs.Model("slow", more: "--sim-load-weights, 5s")),
            "max_body: 64KiB"));

        public ValueTask DisposeAsync() => Podvirt.DisposeAsync();
    }
}
