using System.Text.Json.Nodes;

namespace Podvirt.Scheduler.Tests.NomadDoubles;

/// <summary>An open event stream, line by line.</summary>
internal sealed class EventLines(HttpResponseMessage response, StreamReader reader) : IAsyncDisposable
{
    public bool Chunked => response.Headers.TransferEncodingChunked == true;

    /// <summary>All that were read.</summary>
    public List<JsonNode> Events { get; } = [];

    public static async Task<EventLines> OpenAsync(NomadCalls calls, string query)
    {
        var response = await calls.Http.GetAsync($"/v1/event/stream?{query}", HttpCompletionOption.ResponseHeadersRead);
        response.EnsureSuccessStatusCode();
        return new EventLines(response, new StreamReader(await response.Content.ReadAsStreamAsync()));
    }

    public async Task<string> ReadAsync() => await reader.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(10)) ?? throw new EndOfStreamException();

    /// <summary>The events up to one that is wanted, with all of its batch.</summary>
    public async Task<IReadOnlyList<JsonNode>> UntilAsync(Func<JsonNode, bool> wanted)
    {
        while (true)
        {
            var line = JsonNode.Parse(await ReadAsync())!;
            var batch = line[nameof(Events)]?.AsArray().Select(static e => e!).ToArray() ?? [];
            Events.AddRange(batch);
            if (batch.Any(wanted))
            {
                return Events;
            }
        }
    }

    public ValueTask DisposeAsync()
    {
        reader.Dispose();
        response.Dispose();
        return ValueTask.CompletedTask;
    }
}
