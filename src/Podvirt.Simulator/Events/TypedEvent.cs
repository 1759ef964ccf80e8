using System.Text;
using System.Text.Json;
using Podvirt.Simulator.Http;

namespace Podvirt.Simulator.Events;

/// <summary>Frames that name their type: <c>event: TYPE</c>, then <c>data: {…}</c>.</summary>
internal static class TypedEvent
{
    /// <param name="type">Of the event.</param>
    /// <param name="write">Writes the members of its data; the type among them, where the API has it.</param>
    public static ReadOnlyMemory<byte> Frame(string type, Action<Utf8JsonWriter> write)
    {
        var data = Json.Bytes(writer =>
        {
            writer.WriteStartObject();
            write(writer);
            writer.WriteEndObject();
        });
        return (byte[])[.. "event: "u8, .. Encoding.UTF8.GetBytes(type), .. "\ndata: "u8, .. data.Span, .. "\n\n"u8];
    }
}
