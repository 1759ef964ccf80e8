using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Podvirt.Core.Usage;
using Podvirt.Metering.Ledger;

namespace Podvirt.Tests.Api;

public sealed class ApiTests : IAsyncLifetime
{
    private PodvirtApp _app = null!;

    public async ValueTask InitializeAsync() => _app = await PodvirtApp.StartAsync();

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    [Fact]
    public async Task Models_AreListedInTheFilesOrder()
    {
        var list = await _app.GetAsync("/api/models");

        Assert.Equal("list", list.GetProperty("object").GetString());
        Assert.Equal(["qwen/q3", "bge"], list.GetProperty("data").EnumerateArray().Select(m => m.GetProperty("id").GetString()));
    }

    [Theory]
    [InlineData("/api/models/qwen/q3")]
    [InlineData("/api/models/qwen%2Fq3")]
    public async Task AModelWhoseIdHoldsASlash_IsFound(string path) => Assert.Equal("qwen/q3", (await _app.GetAsync(path)).GetProperty("id").GetString());

    [Theory]
    [InlineData("/api/models/none")]
    [InlineData("/api/logs/none")]
    public async Task AnUnknownModel_IsRefused(string path)
    {
        using var response = await _app.Client.GetAsync(path);

        Assert.Equal("model_not_found", await PodvirtApp.RefusalAsync(response, HttpStatusCode.NotFound));
    }

    [Fact]
    public async Task ALogOfAModelThatNeverRan_IsEmptyText()
    {
        using var response = await _app.Client.GetAsync("/api/logs/qwen/q3?lines=5");

        Assert.Equal("text/plain", response.Content.Headers.ContentType!.MediaType);
        Assert.Equal("", await response.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task AKey_IsMadeListedAndRevoked()
    {
        using var made = await _app.Client.PostAsJsonAsync("/api/keys", new { name = " ci ", expires_in = "30d" });
        Assert.Equal(HttpStatusCode.Created, made.StatusCode);
        var body = await made.Content.ReadFromJsonAsync<JsonElement>();
        var secret = body.GetProperty("secret").GetString()!;
        var id = body.GetProperty("key").GetProperty("id").GetString();
        Assert.Equal("ci", body.GetProperty("key").GetProperty("name").GetString());

        using var listed = await _app.Client.GetAsync("/api/keys");
        var text = await listed.Content.ReadAsStringAsync();
        Assert.DoesNotContain(secret, text, StringComparison.Ordinal);
        Assert.DoesNotContain("hash", text, StringComparison.Ordinal);

        using var revoked = await _app.Client.DeleteAsync($"/api/keys/{id}");
        Assert.Equal("revoked", (await revoked.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("status").GetString());
    }

    [Theory]
    [InlineData("""{"name":""}""", "invalid_name")]
    [InlineData("{}", "invalid_name")]
    [InlineData("""{"name":"a","expires_in":"soon"}""", "invalid_expiry")]
    [InlineData("""{"name":"a","expires_in":"0s"}""", "invalid_expiry")]
    public async Task AKeyThatCannotBe_IsRefused(string body, string code)
    {
        using var response = await _app.Client.PostAsync("/api/keys", new StringContent(body));

        Assert.Equal(code, await PodvirtApp.RefusalAsync(response, HttpStatusCode.BadRequest));
    }

    [Fact]
    public async Task Usage_SumsRowsAndTotalExactly()
    {
        var id = await AppendAsync(new TokenCounts(100, 40, 10, 3), new Cost(5_400_000));
        await AppendAsync(new TokenCounts(1, 0, 1, 0), new Cost(250_000));

        var usage = await _app.GetAsync("/api/usage?group=model&from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z");

        var row = Assert.Single(usage.GetProperty("data").EnumerateArray());
        Assert.Equal("qwen/q3", row.GetProperty("group").GetString());
        Assert.Equal(101, row.GetProperty("prompt_tokens").GetInt64());
        Assert.Equal("0.000005650000", row.GetProperty("cost").GetString());
        Assert.Equal("0.000005650000", usage.GetProperty("total").GetProperty("cost").GetString());

        var requests = await _app.GetAsync("/api/requests?from=2026-01-01&to=2026-01-02&model=qwen/q3&limit=10");
        Assert.Equal(2, requests.GetProperty("data").GetArrayLength());
        var request = await _app.GetAsync($"/api/requests/{id}");
        Assert.Equal(("completed", "engine", 40L), (
            request.GetProperty("outcome").GetString(), request.GetProperty("usage_source").GetString(), request.GetProperty("cached_tokens").GetInt64()));
    }

    [Theory]
    [InlineData("/api/usage?group=colour", "group")]
    [InlineData("/api/usage?from=yesterday", "from")]
    [InlineData("/api/usage?from=2026-02-01&to=2026-01-01", "from")]
    [InlineData("/api/requests?limit=0", "limit")]
    [InlineData("/api/logs/bge?lines=-1", "lines")]
    public async Task AWrongParameter_IsNamed(string path, string param)
    {
        using var response = await _app.Client.GetAsync(path);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal(param, (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("error").GetProperty("param").GetString());
    }

    [Theory]
    [InlineData("00000000-0000-0000-0000-000000000000")]
    [InlineData("none")]
    public async Task AnUnknownRequest_IsRefused(string id)
    {
        using var response = await _app.Client.GetAsync($"/api/requests/{id}");

        Assert.Equal("request_not_found", await PodvirtApp.RefusalAsync(response, HttpStatusCode.NotFound));
    }

    [Fact]
    public async Task ABodyThatIsTooLarge_IsRefused()
    {
        using var response = await _app.Client.PostAsync("/api/keys", new StringContent(new string(' ', 70_000)));

        Assert.Equal("body_too_large", await PodvirtApp.RefusalAsync(response, HttpStatusCode.RequestEntityTooLarge));
    }

    [Theory]
    [InlineData("/v1/chat/completions")]
    [InlineData("/tokenize")]
    [InlineData("/rerank")]
    [InlineData("/v2/rerank")]
    public async Task AConfiguredOrigin_MayCallTheApi_AndNoOther(string path)
    {
        using var allowed = await PreflightAsync("https://app.example.com", path);
        using var other = await PreflightAsync("https://evil.example.com", path);

        Assert.Equal(HttpStatusCode.NoContent, allowed.StatusCode);
        Assert.Equal("https://app.example.com", allowed.Headers.GetValues("Access-Control-Allow-Origin").Single());
        Assert.Equal("authorization", allowed.Headers.GetValues("Access-Control-Allow-Headers").Single());
        Assert.False(other.Headers.Contains("Access-Control-Allow-Origin"));
        Assert.False(other.Headers.Contains("Access-Control-Allow-Headers"));
    }

    private async Task<HttpResponseMessage> PreflightAsync(string origin, string path)
    {
        using var request = new HttpRequestMessage(HttpMethod.Options, path);
        request.Headers.Add("Origin", origin);
        request.Headers.Add("Access-Control-Request-Method", "POST");
        request.Headers.Add("Access-Control-Request-Headers", "authorization");
        return await _app.Stranger.SendAsync(request);
    }

    private async Task<Guid> AppendAsync(TokenCounts tokens, Cost cost)
    {
        var at = new DateTimeOffset(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);
        var record = new UsageRecord
        {
            Id = Guid.CreateVersion7(at),
            Project = "default",
            Key = "k",
            Model = "qwen/q3",
            Revision = 1,
            Surface = "chat.completions",
            Outcome = UsageOutcome.Completed,
            Status = 200,
            Tokens = tokens,
            Source = UsageSource.Engine,
            StartedAt = at,
            DurationUs = 1000,
        };
        await _app.Services.GetRequiredService<ILedger>().AppendAsync([new RatedRecord(record, 1, cost)]);
        return record.Id;
    }
}
