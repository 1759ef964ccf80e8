using System.Text.Json;
using Podvirt.Simulator.Http;

namespace Podvirt.Simulator.Completions;

/// <summary>The fields that every reply, and every frame of a stream, begins with.</summary>
internal sealed record ReplyHead(string Id, string Object, long Created, string Model)
{
    /// <summary>The base of the id is the caller's request id, else one of our own.</summary>
    public static ReplyHead Create(HttpContext context, string idPrefix, string type, string model, TimeProvider time)
    {
        var now = time.GetUtcNow();
        var given = context.Request.Headers["X-Request-Id"].ToString();
        var baseId = given.Length > 0 ? given : Guid.CreateVersion7(now).ToString("N");
        return new ReplyHead(idPrefix + baseId, type, now.ToUnixTimeSeconds(), model);
    }

    public void Write(Utf8JsonWriter writer)
    {
        writer.WriteString("id", Id);
        writer.WriteString("object", Object);
        writer.WriteNumber("created", Created);
        writer.WriteString("model", Model);
    }

    /// <summary>A frame up to and including <c>"choices":[</c>: the same bytes all through a stream.</summary>
    public byte[] FrameStart()
    {
        var json = Json.Bytes(writer =>
        {
            writer.WriteStartObject();
            Write(writer);
            writer.WriteEndObject();
        });
        return [.. "data: "u8, .. json.Span[..^1], .. ",\"choices\":["u8];
    }
}
