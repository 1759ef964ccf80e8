using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace Podvirt.FunctionalTests.Clients;

/// <summary>The server that all clients call. Every call has a key of its own, by which its usage record is found.</summary>
internal sealed class MatrixServer(PodvirtProcess podvirt) : IAsyncDisposable
{
    public Uri Address => podvirt.Address;

    public static async Task<MatrixServer> StartAsync(TimeSpan coldStart) => new(await PodvirtProcess.StartAsync(MatrixModels.Catalog(coldStart)));

    public async Task<CallKey> MakeKeyAsync(string name)
    {
        using var made = await podvirt.Admin.PostAsJsonAsync("api/keys", new { name });
        made.EnsureSuccessStatusCode();
        var reply = (await made.Content.ReadFromJsonAsync<JsonObject>())!;
        var key = new CallKey((string)reply["key"]!["id"]!, (string)reply["secret"]!);
        using var client = new HttpClient { BaseAddress = Address };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key.Secret);
        await Until.TrueAsync(
            async () =>
            {
                using var response = await client.GetAsync("v1/models");
                return response.StatusCode == HttpStatusCode.OK;
            },
            () => $"The key of {name} never worked.");
        return key;
    }

    /// <summary>The one record of what was called with a key.</summary>
    public async Task<JsonObject> RecordAsync(CallKey key) => Assert.Single(await RecordsAsync(key));

    /// <summary>The records of what was called with a key, once there is one with that outcome.</summary>
    public async Task<IReadOnlyList<JsonObject>> RecordsAsync(CallKey key, string? outcome = null)
    {
        List<JsonObject> records = [];
        await Until.TrueAsync(
            async () =>
            {
                var page = await podvirt.Admin.GetFromJsonAsync<JsonObject>($"api/requests?limit=100&key={key.Id}");
                records = [.. page!["data"]!.AsArray().Select(r => r!.AsObject())];
                return records.Any(r => outcome is null || (string)r["outcome"]! == outcome);
            },
            () => $"No usage record of the key {key.Id}.\n{podvirt.Output}");
        return records;
    }

    /// <summary>Requests and jobs that hold a place on a model.</summary>
    public async Task<int> InFlightAsync(string model) => (int)(await podvirt.ModelAsync(model))["in_flight"]!;

    /// <summary>A video as the server keeps it, by the id of its usage record.</summary>
    public async Task<byte[]> VideoAsync(JsonObject record) =>
        await podvirt.Client.GetByteArrayAsync($"v1/videos/video_{Guid.Parse((string)record["id"]!):N}/content");

    /// <summary>How many sequences a model's engine has under way, by its own account.</summary>
    public async Task<int> RunningAsync(string model)
    {
        using var client = new HttpClient();
        var metrics = await client.GetStringAsync($"http://127.0.0.1:{Engine(model).Port}/metrics");
        var line = metrics.Split('\n').Single(l => l.StartsWith("vllm:num_requests_running{", StringComparison.Ordinal));
        return (int)double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture);
    }

    /// <summary>kill -9 of a model's engine.</summary>
    public void Kill(string model)
    {
        using var engine = Process.GetProcessById(Engine(model).Process);
        engine.Kill();
    }

    public ValueTask DisposeAsync() => podvirt.DisposeAsync();

    private (int Process, int Port) Engine(string model)
    {
        foreach (var id in podvirt.Engines())
        {
            var arguments = File.ReadAllText($"/proc/{id}/cmdline").Split('\0');
            if (arguments[Array.IndexOf(arguments, "--served-model-name") + 1] == model)
            {
                return (id, int.Parse(arguments[Array.IndexOf(arguments, "--port") + 1], CultureInfo.InvariantCulture));
            }
        }
        throw new InvalidOperationException($"{model} has no engine.\n{podvirt.Output}");
    }
}

internal sealed record CallKey(string Id, string Secret);
