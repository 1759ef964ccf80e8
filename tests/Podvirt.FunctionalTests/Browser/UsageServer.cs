using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace Podvirt.FunctionalTests.Browser;

/// <summary>A server whose usage is looked at, with a project of its own for those who count.</summary>
public sealed class UsageServer : IAsyncLifetime
{
    public const string Steady = "acme/steady";
    public const string Other = "other";
    public const string Cold = "cold";

    private PodvirtProcess? _process;

    public PodvirtProcess Process => _process ?? throw new InvalidOperationException("The server has not been started.");

    public async ValueTask InitializeAsync() =>
        _process = await PodvirtProcess.StartAsync(Configs.Catalog(Configs.Model(Steady), Configs.Model(Other), Configs.Model(Cold)));

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            await _process.DisposeAsync();
        }
    }

    /// <summary>Makes requests, and waits until they are on the ledger. Their ids, in no order.</summary>
    public async Task<string[]> UseAsync(string model, int count, int tokens = 12)
    {
        var ids = await Task.WhenAll(Enumerable.Range(0, count).Select(async number =>
        {
            using var answer = await Process.ChatAsync(model, stream: number % 2 == 0, $"Question {number}", new { max_tokens = tokens, ignore_eos = true });
            await answer.Content.ReadAsByteArrayAsync();
            return answer.Headers.GetValues("x-request-id").Single();
        }));
        foreach (var id in ids)
        {
            await Until.TrueAsync(
                async () =>
                {
                    using var found = await Process.Admin.GetAsync($"api/requests/{id}");
                    return found.IsSuccessStatusCode;
                },
                () => $"Request {id} never came to the ledger.");
        }
        return ids;
    }

    public async Task<JsonObject> GetAsync(string path) => (await Process.Admin.GetFromJsonAsync<JsonObject>(path))!;

    /// <summary>As the console writes an amount: every digit that came.</summary>
    public static string Money(JsonNode? amount)
    {
        var text = (string)amount!;
        var point = text.IndexOf('.', StringComparison.Ordinal);
        var whole = long.Parse(text.AsSpan(0, point).TrimStart('-'), CultureInfo.InvariantCulture);
        return $"{(text[0] == '-' ? "−" : "")}${whole.ToString("N0", CultureInfo.InvariantCulture)}{text[point..]}";
    }

    public static string Count(JsonNode? count) => ((long)count!).ToString("N0", CultureInfo.InvariantCulture);
}
