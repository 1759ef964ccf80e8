using System.Text.Json;
using Podvirt.Simulator.Completions;
using Podvirt.Simulator.Engine;
using Podvirt.Simulator.Http;
using Podvirt.Simulator.Options;

namespace Podvirt.Simulator.Chat;

/// <summary><c>POST /v1/chat/completions</c>.</summary>
internal sealed class ChatEndpoint(SimulatedEngine engine, GenerationFactory factory, ServedModels models, Replies replies)
{
    public async Task HandleAsync(HttpContext context)
    {
        using var document = await Json.ReadAsync(context);
        var fields = new Fields(document.RootElement);
        var messages = fields.Need("messages");
        var sampling = Sampling.Read(fields, engine.Options);
        var model = models.Resolve(sampling.Model);
        models.Refuse(ModelKind.Embedding, "Chat Completions API");
        RefuseTools(fields);
        var prompt = ChatTemplate.Render(messages);
        using var generation = factory.Create([prompt], sampling, ChatTemplate.Thinks(fields, engine.Options), continues: false, defaultMax: null, context.RequestAborted);
        if (sampling.Stream)
        {
            var head = ReplyHead.Create(context, "chatcmpl-", "chat.completion.chunk", model, engine.Time);
            var sink = new ChatStream(
                context, head, sampling, generation, replies.Errors, engine.Options.PromptTokensDetails, engine.Options.ReasoningContent);
            await replies.StreamAsync(generation, sink);
            return;
        }

        await replies.PlainAsync(context, generation, ReplyHead.Create(context, "chatcmpl-", "chat.completion", model, engine.Time), WriteChoice);
    }

    private static void RefuseTools(Fields fields)
    {
        if (fields.Find("tools") is not { ValueKind: JsonValueKind.Array } tools || tools.GetArrayLength() == 0)
        {
            return;
        }

        switch (fields.Find("tool_choice"))
        {
            case { ValueKind: JsonValueKind.String } choice when choice.ValueEquals("none"):
                return;
            case null:
            case { ValueKind: JsonValueKind.String } auto when auto.ValueEquals("auto"):
                throw RequestException.Bad("\"auto\" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set", "tool_choice");
            default:
                throw RequestException.NotImplemented("The simulated engine calls no tools.", "tool_choice");
        }
    }

    private void WriteChoice(Utf8JsonWriter writer, Sequence sequence)
    {
        writer.WriteNumber("index", sequence.Index);
        writer.WriteStartObject("message");
        writer.WriteString("role", "assistant");
        // A reply cut off while still thinking has no content.
        writer.WriteString("content", sequence is { Thinking: not null, Answer: "" } ? null : sequence.Answer);
        writer.WriteNull("refusal");
        writer.WriteNull("annotations");
        writer.WriteNull("audio");
        writer.WriteNull("function_call");
        writer.WriteStartArray("tool_calls");
        writer.WriteEndArray();
        writer.WriteString(engine.Options.ReasoningContent ? "reasoning_content" : "reasoning", sequence.Thinking);
        writer.WriteEndObject();
        writer.WriteNull("logprobs");
        Replies.WriteFinish(writer, sequence);
        writer.WriteNull("token_ids");
    }
}
