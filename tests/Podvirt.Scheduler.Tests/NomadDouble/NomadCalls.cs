using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Podvirt.Testing.Nomad;

namespace Podvirt.Scheduler.Tests.NomadDoubles;

/// <summary>A bare client of the HTTP API, for tests of the double itself.</summary>
internal sealed class NomadCalls(NomadDouble nomad) : IDisposable
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(30);
    private readonly HttpClient _http = new() { BaseAddress = nomad.Address, Timeout = s_limit };

    public HttpClient Http => _http;

    public async Task<(HttpStatusCode Status, string Text, HttpResponseHeaders Headers)> SendAsync(HttpMethod method, string path, JsonNode? body = null)
    {
        using var request = new HttpRequestMessage(method, path);
        if (body is not null)
        {
            request.Content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json");
        }
        using var response = await _http.SendAsync(request);
        return (response.StatusCode, await response.Content.ReadAsStringAsync(), response.Headers);
    }

    public async Task<JsonNode> GetAsync(string path)
    {
        var (status, text, _) = await SendAsync(HttpMethod.Get, path);
        Assert.True(status == HttpStatusCode.OK, $"{path}: {status} {text}");
        return JsonNode.Parse(text)!;
    }

    public async Task<JsonNode> PutAsync(string path, JsonNode body)
    {
        var (status, text, _) = await SendAsync(HttpMethod.Put, path, body);
        Assert.True(status == HttpStatusCode.OK, $"{path}: {status} {text}");
        return JsonNode.Parse(text)!;
    }

    public Task<JsonNode> RegisterAsync(JsonObject job) => PutAsync("/v1/jobs", new JsonObject { ["Job"] = job.DeepClone() });

    /// <summary>The evaluation of a write, when it has been worked off.</summary>
    public async Task<JsonNode> EvaluatedAsync(JsonNode written)
    {
        var id = written["EvalID"]!.GetValue<string>();
        var evaluation = await UntilAsync($"/v1/evaluation/{id}", static e => e["Status"]!.GetValue<string>() != "pending");
        Assert.True(evaluation["Status"]!.GetValue<string>() != "failed", evaluation.ToJsonString());
        return evaluation;
    }

    public Task<JsonNode> AllocationsAsync(string job) => GetAsync($"/v1/job/{Uri.EscapeDataString(job)}/allocations?all=true");

    /// <summary>The job's only allocation whose client says so, whole.</summary>
    public async Task<JsonNode> AllocationAsync(string job, string clientStatus)
    {
        var list = await UntilAsync($"/v1/job/{Uri.EscapeDataString(job)}/allocations?all=true", l => l.AsArray().Any(a => a!["ClientStatus"]!.GetValue<string>() == clientStatus));
        var id = list.AsArray().Single(a => a!["ClientStatus"]!.GetValue<string>() == clientStatus)!["ID"]!.GetValue<string>();
        return await GetAsync($"/v1/allocation/{id}");
    }

    /// <summary>Follows a read by its index until it is as wanted.</summary>
    public async Task<JsonNode> UntilAsync(string path, Func<JsonNode, bool> wanted)
    {
        var deadline = DateTime.UtcNow + s_limit;
        var index = "0";
        while (true)
        {
            var separator = path.Contains('?', StringComparison.Ordinal) ? '&' : '?';
            var (status, text, headers) = await SendAsync(HttpMethod.Get, $"{path}{separator}index={index}&wait=2s");
            Assert.True(status == HttpStatusCode.OK, $"{path}: {status} {text}");
            var body = JsonNode.Parse(text)!;
            if (wanted(body))
            {
                return body;
            }
            Assert.True(DateTime.UtcNow < deadline, $"{path} never came to be as wanted: {text}");
            index = headers.GetValues("X-Nomad-Index").Single();
        }
    }

    /// <summary>The log of the task <c>main</c>, once it holds what is waited for and ends with a line.</summary>
    public async Task<string> LogAsync(string allocation, string type, string until)
    {
        var deadline = DateTime.UtcNow + s_limit;
        while (true)
        {
            var (_, text, _) = await SendAsync(HttpMethod.Get, $"/v1/client/fs/logs/{allocation}?task=main&type={type}&plain=true");
            if (text.Contains(until, StringComparison.Ordinal) && text.EndsWith('\n'))
            {
                return text;
            }
            Assert.True(DateTime.UtcNow < deadline, $"The log never said {until}: {text}");
        }
    }

    public void Dispose() => _http.Dispose();
}
