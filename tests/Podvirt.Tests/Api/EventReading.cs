using System.Text.Json;

namespace Podvirt.Tests.Api;

/// <summary>Reads server-sent events, for as long as a test has patience.</summary>
internal static class EventReading
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(20);

    public static Task<JsonElement> NextAsync(StreamReader reader, string name) => FindAsync(reader, name, static _ => true);

    public static async Task<JsonElement> FindAsync(StreamReader reader, string name, Func<JsonElement, bool> isIt)
    {
        using var patience = new CancellationTokenSource(_patience);
        var current = "";
        while (true)
        {
            var line = await reader.ReadLineAsync(patience.Token) ?? throw new EndOfStreamException();
            current = line.StartsWith("event: ", StringComparison.Ordinal) ? line["event: ".Length..] : current;
            if (current == name && line.StartsWith("data: ", StringComparison.Ordinal) && JsonElement.Parse(line["data: ".Length..]) is var data && isIt(data))
            {
                return data;
            }
        }
    }
}
