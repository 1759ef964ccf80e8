using System.Text;
using System.Text.Json;
using Podvirt.Simulator.Engine;
using Podvirt.Simulator.Events;
using Podvirt.Simulator.Language;
using Podvirt.Simulator.Tools;

namespace Podvirt.Simulator.Responses;

/// <summary>
/// The events of <c>/v1/responses</c>: <c>created</c> and <c>in_progress</c> at once, then for each output item its opening, its deltas and
/// its closing, and <c>completed</c> in the end, whatever the status. There is no end marker.
/// </summary>
/// <param name="reasoningParts">See <see cref="ItemEvents"/>.</param>
/// <param name="write">Writes the response with a status and its output.</param>
/// <param name="finished">Is told the output before the last event goes out.</param>
internal sealed class ResponseStream(
    IEventOutput output,
    string id,
    bool reasoningParts,
    Action<Utf8JsonWriter, string, IReadOnlyList<OutputItem>> write,
    Action<IReadOnlyList<OutputItem>> finished)
    : TypedSink(output, "response.output_text.delta")
{
    private readonly ItemEvents _events = new(output, reasoningParts);
    private readonly List<OutputItem> _done = [];
    private readonly StringBuilder _text = new();
    private OutputItem? _open;
    private int _calls;
    private string _status = ResponseBody.InProgress;

    public override async Task OpenAsync()
    {
        await base.OpenAsync();
        await SendAsync("response.created");
        await SendAsync("response.in_progress");
    }

    public override ValueTask BeginAsync() => ValueTask.CompletedTask;

    public override async ValueTask WriteAsync(Sequence sequence, IReadOnlyList<(Part Part, string Text)> deltas)
    {
        foreach (var (part, text) in deltas)
        {
            if (part == Part.CallName)
            {
                await OpenItemAsync(OutputItem.Call(ItemId(), ToolScript.IdOf("call_", id, 0, _calls++), text));
                continue;
            }

            var kind = part switch
            {
                Part.Thinking => OutputKind.Reasoning,
                Part.CallArguments => OutputKind.FunctionCall,
                _ => OutputKind.Message,
            };
            if (_open?.Kind != kind)
            {
                await OpenItemAsync(new OutputItem(kind, ItemId(), ""));
            }

            _text.Append(text);
            await _events.DeltaAsync(_open!, _done.Count, text);
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
        await SendAsync("response.completed");
    }

    private string ItemId() => $"{Chooser.Hash($"{id}/{_done.Count + (_open is null ? 0 : 1)}"):x16}";

    private async ValueTask OpenItemAsync(OutputItem item)
    {
        await CloseItemAsync();
        _open = item;
        _text.Clear();
        await _events.OpenAsync(item, _done.Count);
    }

    private async ValueTask CloseItemAsync()
    {
        if (_open is null)
        {
            return;
        }

        var item = _open with { Text = _text.ToString() };
        await _events.CloseAsync(item, _done.Count);
        _done.Add(item);
        _open = null;
    }

    private ValueTask SendAsync(string type) => _events.SendAsync(type, writer =>
    {
        writer.WritePropertyName("response");
        write(writer, _status, _done);
    });
}
