using System.Text;
using System.Text.Json.Nodes;

namespace Podvirt.Simulator.Tests.Engines;

/// <summary>A stream of typed events being read, each as its type and its data, exactly as sent.</summary>
internal sealed class TypedEventStream(HttpResponseMessage response, StreamReader reader) : IDisposable
{
    public HttpResponseMessage Response => response;

    public static async Task<TypedEventStream> PostAsync(EngineClient client, string path, string body, CancellationToken token = default)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        return await OpenAsync(await client.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, token));
    }

    public static async Task<TypedEventStream> OpenAsync(HttpResponseMessage response) =>
        new(response, new StreamReader(await response.Content.ReadAsStreamAsync(), Encoding.UTF8));

    /// <returns>Null at the end of the stream.</returns>
    public async Task<(string Type, string Data)?> NextAsync()
    {
        var type = "";
        while (await reader.ReadLineAsync() is { } line)
        {
            if (line.StartsWith("event: ", StringComparison.Ordinal))
            {
                type = line["event: ".Length..];
            }
            else if (line.StartsWith("data: ", StringComparison.Ordinal))
            {
                return (type, line["data: ".Length..]);
            }
            else
            {
                Assert.Equal("", line);
            }
        }

        return null;
    }

    public async Task<List<(string Type, string Data)>> RestAsync()
    {
        var events = new List<(string Type, string Data)>();
        while (await NextAsync() is { } next)
        {
            events.Add(next);
        }

        return events;
    }

    /// <summary>The text of every delta of a type, joined.</summary>
    public static string Text(IEnumerable<(string Type, string Data)> events, string type, Func<JsonNode, JsonNode?> member) =>
        string.Concat(events.Where(next => next.Type == type).Select(next => (string?)member(JsonNode.Parse(next.Data)!)));

    public void Dispose()
    {
        reader.Dispose();
        response.Dispose();
    }
}
