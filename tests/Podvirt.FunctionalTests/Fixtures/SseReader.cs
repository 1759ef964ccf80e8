using System.Text;
using System.Text.Json.Nodes;

namespace Podvirt.FunctionalTests.Fixtures;

/// <summary>Reads a stream line by line and keeps what a client would see.</summary>
public sealed class SseReader(HttpResponseMessage response) : IDisposable
{
    private StreamReader? _reader;

    public List<string> Comments { get; } = [];

    public List<JsonObject> Chunks { get; } = [];

    public string RequestId { get; } = response.Headers.GetValues("x-request-id").Single();

    public bool IsDone { get; private set; }

    public string? Error => Chunks.Select(c => (string?)c["error"]?["message"]).FirstOrDefault(e => e is not null);

    public string Text => string.Concat(Chunks.SelectMany(c => c["choices"]?.AsArray() ?? []).Select(c => (string?)c!["delta"]?["content"] ?? (string?)c["text"] ?? ""));

    public JsonObject? Usage => Chunks.Select(c => c["usage"] as JsonObject).LastOrDefault(u => u is not null);

    public async Task<SseReader> ReadAsync(Func<SseReader, bool>? until = null)
    {
        _reader ??= new StreamReader(await response.Content.ReadAsStreamAsync(), Encoding.UTF8);
        while (until?.Invoke(this) != true && await _reader.ReadLineAsync() is { } line)
        {
            if (line.StartsWith(':'))
            {
                Comments.Add(line);
            }
            else if (line == "data: [DONE]")
            {
                IsDone = true;
            }
            else if (line.StartsWith("data: ", StringComparison.Ordinal))
            {
                Chunks.Add(JsonNode.Parse(line[6..])!.AsObject());
            }
        }
        return this;
    }

    public void Dispose()
    {
        _reader?.Dispose();
        response.Dispose();
    }
}
