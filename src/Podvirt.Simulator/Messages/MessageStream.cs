using System.Text.Json;
using Podvirt.Simulator.Engine;
using Podvirt.Simulator.Events;
using Podvirt.Simulator.Http;
using Podvirt.Simulator.Language;
using Podvirt.Simulator.Options;

namespace Podvirt.Simulator.Messages;

/// <summary>
/// The events of <c>/v1/messages</c>: <c>message_start</c> with the first output, one content block per run of thinking or text
/// and per call of a function, <c>message_delta</c> with the stop reason and the usage, <c>message_stop</c>.
/// </summary>
internal sealed class MessageStream(IEventOutput output, MessageReply reply, SimulatorOptions options)
    : TypedSink(output, Delta)
{
    private const string Delta = "content_block_delta";

    private Part? _open;
    private int _index;
    private int _calls;

    public override async ValueTask BeginAsync()
    {
        await SendAsync("message_start", writer =>
        {
            writer.WriteStartObject("message");
            writer.WriteString("id", reply.Head.Id);
            writer.WriteStartArray("content");
            writer.WriteEndArray();
            writer.WriteString("model", reply.Head.Model);
            writer.WriteNull("stop_reason");
            writer.WriteNull("stop_sequence");
            reply.WriteUsage(writer, 0);
            writer.WriteEndObject();
        });
        if (options.MessagesPing)
        {
            await SendAsync("ping", static _ => { });
        }
    }

    public override async ValueTask WriteAsync(Sequence sequence, IReadOnlyList<(Part Part, string Text)> deltas)
    {
        foreach (var (part, text) in deltas)
        {
            if (part == Part.CallName)
            {
                await StopBlockAsync();
                await StartCallAsync(text);
                continue;
            }

            if (part != _open)
            {
                await StopBlockAsync();
                await StartBlockAsync(part);
            }

            await (part switch
            {
                Part.Thinking => SendDeltaAsync("thinking_delta", "thinking", text),
                Part.CallArguments => SendDeltaAsync("input_json_delta", "partial_json", text),
                _ => SendDeltaAsync("text_delta", "text", text),
            });
        }
    }

    public override async ValueTask FailAsync()
    {
        await Output.SendAsync(TypedEvent.Frame("error", writer =>
        {
            writer.WriteString("type", "error");
            writer.WriteStartObject("error");
            writer.WriteString("type", "internal_error");
            writer.WriteString("message", "EngineCore encountered an issue.");
            writer.WriteEndObject();
        }));
        await SendDoneAsync();
    }

    public override async ValueTask CloseAsync()
    {
        await StopBlockAsync();
        await SendAsync("message_delta", writer =>
        {
            writer.WriteStartObject("delta");
            writer.WriteString("stop_reason", reply.StopReason);
            writer.WriteEndObject();
            reply.WriteUsage(writer);
        });
        await SendAsync("message_stop", static _ => { });
        await SendDoneAsync();
    }

    private async ValueTask StartBlockAsync(Part part)
    {
        _open = part;
        await SendAsync("content_block_start", writer =>
        {
            writer.WriteStartObject("content_block");
            writer.WriteString("type", part == Part.Thinking ? "thinking" : "text");
            writer.WriteString(part == Part.Thinking ? "thinking" : "text", "");
            writer.WriteEndObject();
            writer.WriteNumber("index", _index);
        });
    }

    private async ValueTask StartCallAsync(string name)
    {
        _open = Part.CallArguments;
        await SendAsync("content_block_start", writer =>
        {
            writer.WriteStartObject("content_block");
            writer.WriteString("type", "tool_use");
            writer.WriteString("id", reply.CallId(_calls++));
            writer.WriteString("name", name);
            writer.WriteStartObject("input");
            writer.WriteEndObject();
            writer.WriteEndObject();
            writer.WriteNumber("index", _index);
        });
    }

    private async ValueTask StopBlockAsync()
    {
        if (_open is null)
        {
            return;
        }

        if (_open == Part.Thinking)
        {
            await SendDeltaAsync("signature_delta", "signature", reply.Signature);
        }

        await SendAsync("content_block_stop", writer => writer.WriteNumber("index", _index));
        _open = null;
        _index++;
    }

    private ValueTask SendDeltaAsync(string type, string member, string text) => SendAsync(Delta, writer =>
    {
        writer.WriteStartObject("delta");
        writer.WriteString("type", type);
        writer.WriteString(member, text);
        writer.WriteEndObject();
        writer.WriteNumber("index", _index);
    });

    private ValueTask SendAsync(string type, Action<Utf8JsonWriter> write) => Output.SendAsync(TypedEvent.Frame(type, writer =>
    {
        writer.WriteString("type", type);
        write(writer);
    }));

    // Older engines end these streams like those of chat.
    private ValueTask SendDoneAsync() => options.MessagesDone ? Output.SendAsync("data: [DONE]\n\n"u8.ToArray()) : ValueTask.CompletedTask;
}
