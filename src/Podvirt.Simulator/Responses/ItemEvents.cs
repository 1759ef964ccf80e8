using System.Text.Json;
using Podvirt.Simulator.Events;

namespace Podvirt.Simulator.Responses;

/// <summary>The numbered events of one response's output items.</summary>
/// <param name="reasoningParts">Whether parts of thinking have events of their own, which are vLLM's and not OpenAI's.</param>
internal sealed class ItemEvents(IEventOutput output, bool reasoningParts)
{
    private int _number;

    public async ValueTask OpenAsync(OutputItem item, int index)
    {
        await SendAsync("response.output_item.added", writer =>
        {
            writer.WritePropertyName("item");
            item.WriteOpening(writer);
            writer.WriteNumber("output_index", index);
        });
        await PartAsync(item, index, "added");
    }

    public ValueTask DeltaAsync(OutputItem item, int index, string text) => SendAsync($"{TextOf(item)}.delta", writer =>
    {
        WriteContentIndex(writer, item);
        writer.WriteString("delta", text);
        writer.WriteString("item_id", item.Id);
        WriteNoLogprobs(writer, item);
        writer.WriteNumber("output_index", index);
    });

    public async ValueTask CloseAsync(OutputItem item, int index)
    {
        await SendAsync($"{TextOf(item)}.done", writer =>
        {
            if (item.Kind == OutputKind.FunctionCall)
            {
                writer.WriteString("arguments", item.Text);
                writer.WriteString("item_id", item.Id);
                writer.WriteString("name", item.Name);
                writer.WriteNumber("output_index", index);
                return;
            }

            writer.WriteNumber("content_index", 0);
            writer.WriteString("item_id", item.Id);
            WriteNoLogprobs(writer, item);
            writer.WriteNumber("output_index", index);
            writer.WriteString("text", item.Text);
        });
        await PartAsync(item, index, "done");
        await SendAsync("response.output_item.done", writer =>
        {
            writer.WritePropertyName("item");
            item.Write(writer);
            writer.WriteNumber("output_index", index);
        });
    }

    public ValueTask SendAsync(string type, Action<Utf8JsonWriter> members) => output.SendAsync(TypedEvent.Frame(type, writer =>
    {
        members(writer);
        writer.WriteNumber("sequence_number", _number++);
        writer.WriteString("type", type);
    }));

    private async ValueTask PartAsync(OutputItem item, int index, string what)
    {
        // A call has no parts.
        if (item.Kind == OutputKind.FunctionCall)
        {
            return;
        }

        await SendAsync($"response.{(item.Kind == OutputKind.Reasoning && reasoningParts ? "reasoning_part" : "content_part")}.{what}", writer =>
        {
            writer.WriteNumber("content_index", 0);
            writer.WriteString("item_id", item.Id);
            writer.WriteNumber("output_index", index);
            writer.WritePropertyName("part");
            item.WritePart(writer, item.Text);
        });
    }

    private static string TextOf(OutputItem item) => item.Kind switch
    {
        OutputKind.Reasoning => "response.reasoning_text",
        OutputKind.FunctionCall => "response.function_call_arguments",
        _ => "response.output_text",
    };

    private static void WriteContentIndex(Utf8JsonWriter writer, OutputItem item)
    {
        if (item.Kind != OutputKind.FunctionCall)
        {
            writer.WriteNumber("content_index", 0);
        }
    }

    private static void WriteNoLogprobs(Utf8JsonWriter writer, OutputItem item)
    {
        if (item.Kind == OutputKind.Message)
        {
            writer.WriteStartArray("logprobs");
            writer.WriteEndArray();
        }
    }
}
