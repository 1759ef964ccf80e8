using System.Text;

namespace Podvirt.Simulator.Tests.Engines;

/// <summary>An event stream being read: data lines one by one, exactly as sent.</summary>
internal sealed class EventStream(HttpResponseMessage response, StreamReader reader) : IDisposable
{
    public HttpResponseMessage Response => response;

    public static async Task<EventStream> OpenAsync(HttpResponseMessage response) =>
        new(response, new StreamReader(await response.Content.ReadAsStreamAsync(), Encoding.UTF8));

    /// <returns>What follows <c>data: </c>, or null at the end of the stream.</returns>
    public async Task<string?> NextAsync()
    {
        while (await reader.ReadLineAsync() is { } line)
        {
            if (line.StartsWith("data: ", StringComparison.Ordinal))
            {
                return line["data: ".Length..];
            }

            Assert.Equal("", line);
        }

        return null;
    }

    public async Task<List<string>> RestAsync()
    {
        var frames = new List<string>();
        while (await NextAsync() is { } frame)
        {
            frames.Add(frame);
        }

        return frames;
    }

    public void Dispose()
    {
        reader.Dispose();
        response.Dispose();
    }
}
