using System.Text.Json;
using Podvirt.Simulator.Http;

namespace Podvirt.Simulator.Faults;

/// <summary><c>/sim/faults</c>: POST adds one, GET lists them, DELETE removes them all, or those of <c>?name=</c>.</summary>
internal sealed class FaultEndpoints(FaultBook book)
{
    public async Task AddAsync(HttpContext context)
    {
        using var document = await Json.ReadAsync(context);
        var fields = new Fields(document.RootElement);
        var argument = fields.Find("arg") switch
        {
            null => null,
            { ValueKind: JsonValueKind.Number } number => number.GetRawText(),
            { } text => Fields.TextOf(text, "arg"),
        };
        var times = fields.Whole("times");
        if (!Fault.TryCreate(fields.Text("name"), argument, (int?)Math.Clamp(times ?? 1, 0, int.MaxValue), out var fault, out var wanted))
        {
            throw RequestException.Bad($"A fault takes {wanted}", "name");
        }

        book.Add(times is null ? fault with { Times = null } : fault);
        await ListAsync(context);
    }

    public Task ListAsync(HttpContext context) => Json.ReplyAsync(context, writer =>
    {
        writer.WriteStartObject();
        writer.WriteStartArray("faults");
        foreach (var fault in book.Snapshot())
        {
            writer.WriteStartObject();
            writer.WriteString("name", fault.Name);
            writer.WriteString("arg", fault.Argument);
            if (fault.Times is { } times)
            {
                writer.WriteNumber("times", times);
            }
            else
            {
                writer.WriteNull("times");
            }

            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    });

    public Task RemoveAsync(HttpContext context)
    {
        book.Clear(context.Request.Query["name"].ToString() is { Length: > 0 } name ? name : null);
        return ListAsync(context);
    }
}
