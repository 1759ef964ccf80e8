using System.Text;
using System.Text.Json;
using Podvirt.Simulator.Engine;
using Podvirt.Simulator.Events;
using Podvirt.Simulator.Language;

namespace Podvirt.Simulator.Responses;

/// <summary>
/// The events of <c>/v1/responses</c>: <c>created</c> and <c>in_progress</c> at once, then for each output item its opening, its deltas and
/// its closing, and <c>completed</c> in the end, whatever the status. There is no end marker.
/// </summary>
/// <param name="write">Writes the response with a status, its output and, at the end, its usage.</param>
/// <param name="finished">Is told the response before the last event goes out.</param>
internal sealed class ResponseStream(
    IEventOutput output, string seed, Action<Utf8JsonWriter, string, IReadOnlyList<OutputItem>> write, Action<IReadOnlyList<OutputItem>> finished)
    : TypedSink(output, "response.output_text.delta")
{
    private readonly List<OutputItem> _done = [];
    private readonly StringBuilder _text = new();
    private OutputItem? _open;
    private int _sequenceNumber;
    private string _status = ResponseBody.InProgress;

    public override async Task OpenAsync()
    {
        await base.OpenAsync();
        await SendResponseAsync("response.created");
        await SendResponseAsync("response.in_progress");
    }

    public override ValueTask BeginAsync() => ValueTask.CompletedTask;

    public override async ValueTask WriteAsync(Sequence sequence, IReadOnlyList<(Part Part, string Text)> deltas)
    {
        foreach (var (part, text) in deltas)
        {
            var kind = part == Part.Thinking ? OutputKind.Reasoning : OutputKind.Message;
            if (_open?.Kind != kind)
            {
                await CloseItemAsync();
                await OpenItemAsync(kind);
            }

            _text.Append(text);
            await SendDeltaAsync(_open!, text);
        }

        if (sequence.Finish != FinishReason.None)
        {
            _status = ResponseBody.StatusOf(sequence);
        }
    }

    // The engine has no event for its own failure: its stream just ends.
    public override ValueTask FailAsync() => Output.CutAsync();

    public override async ValueTask CloseAsync()
    {
        await CloseItemAsync();
        finished(_done);
        await SendResponseAsync("response.completed");
    }

    private async ValueTask OpenItemAsync(OutputKind kind)
    {
        var item = new OutputItem(kind, $"{Chooser.Hash($"{seed}/{_done.Count}"):x16}", "");
        _open = item;
        _text.Clear();
        await SendAsync("response.output_item.added", writer =>
        {
            writer.WritePropertyName("item");
            item.WriteOpening(writer);
            writer.WriteNumber("output_index", _done.Count);
        });
        await SendPartAsync(kind == OutputKind.Message ? "response.content_part.added" : "response.reasoning_part.added", item, "");
    }

    private async ValueTask CloseItemAsync()
    {
        if (_open is null)
        {
            return;
        }

        var item = _open with { Text = _text.ToString() };
        var message = item.Kind == OutputKind.Message;
        await SendAsync(message ? "response.output_text.done" : "response.reasoning_text.done", writer =>
        {
            writer.WriteNumber("content_index", 0);
            writer.WriteString("item_id", item.Id);
            WriteNoLogprobs(writer, message);
            writer.WriteNumber("output_index", _done.Count);
            writer.WriteString("text", item.Text);
        });
        await SendPartAsync(message ? "response.content_part.done" : "response.reasoning_part.done", item, item.Text);
        await SendAsync("response.output_item.done", writer =>
        {
            writer.WritePropertyName("item");
            item.Write(writer);
            writer.WriteNumber("output_index", _done.Count);
        });
        _done.Add(item);
        _open = null;
    }

    private ValueTask SendDeltaAsync(OutputItem item, string text)
    {
        var message = item.Kind == OutputKind.Message;
        return SendAsync(message ? "response.output_text.delta" : "response.reasoning_text.delta", writer =>
        {
            writer.WriteNumber("content_index", 0);
            writer.WriteString("delta", text);
            writer.WriteString("item_id", item.Id);
            WriteNoLogprobs(writer, message);
            writer.WriteNumber("output_index", _done.Count);
        });
    }

    private ValueTask SendPartAsync(string type, OutputItem item, string text) => SendAsync(type, writer =>
    {
        writer.WriteNumber("content_index", 0);
        writer.WriteString("item_id", item.Id);
        writer.WriteNumber("output_index", _done.Count);
        writer.WritePropertyName("part");
        item.WritePart(writer, text);
    });

    private static void WriteNoLogprobs(Utf8JsonWriter writer, bool message)
    {
        if (message)
        {
            writer.WriteStartArray("logprobs");
            writer.WriteEndArray();
        }
    }

    private ValueTask SendResponseAsync(string type) => SendAsync(type, writer =>
    {
        writer.WritePropertyName("response");
        write(writer, _status, _done);
    });

    private ValueTask SendAsync(string type, Action<Utf8JsonWriter> members) => Output.SendAsync(TypedEvent.Frame(type, writer =>
    {
        members(writer);
        writer.WriteNumber("sequence_number", _sequenceNumber++);
        writer.WriteString("type", type);
    }));
}
