using Podvirt.Simulator.Chat;
using Podvirt.Simulator.Completions;
using Podvirt.Simulator.Engine;
using Podvirt.Simulator.Events;
using Podvirt.Simulator.Http;
using Podvirt.Simulator.Options;
using Podvirt.Simulator.Schemas;
using Podvirt.Simulator.Tools;

namespace Podvirt.Simulator.Messages;

/// <summary><c>POST /v1/messages</c> and <c>POST /v1/messages/count_tokens</c>: the chat endpoint in Anthropic's words.</summary>
internal sealed class MessagesEndpoint(SimulatedEngine engine, GenerationFactory factory, ServedModels models, Replies replies)
{
    public async Task HandleAsync(HttpContext context)
    {
        using var document = await Json.ReadAsync(context);
        var fields = new Fields(document.RootElement);
        var turns = MessageReader.Read(fields);
        var sampling = ReadSampling(fields);
        var model = models.Resolve(sampling.Model);
        Refuse();
        var use = MessageTools.Read(fields, engine.Options);
        var prompt = ChatTemplate.Render(turns, use.Tools);
        var script = ToolScript.Of(use, turns, OutputForm.ReadMessage(fields), prompt.Topic);
        var thinks = ChatTemplate.Thinks(fields, engine.Options);
        using var generation = factory.Create([prompt], sampling, thinks, continues: false, defaultMax: null, context.RequestAborted, script);
        // The id is that of the chat reply which this one is made from.
        var head = ReplyHead.Create(context, "chatcmpl-", "message", model, engine.Time);
        var reply = new MessageReply(head, generation, named: use.Choice == ToolChoice.Named);
        if (sampling.Stream)
        {
            await replies.StreamAsync(generation, new MessageStream(new ClientEvents(context), reply, engine.Options));
            return;
        }

        if (await replies.CompleteAsync(generation))
        {
            await Json.ReplyAsync(context, reply.Write);
        }
    }

    /// <summary>Runs nothing, so it answers while the engine sleeps, too.</summary>
    public async Task CountAsync(HttpContext context)
    {
        using var document = await Json.ReadAsync(context);
        var fields = new Fields(document.RootElement);
        var turns = MessageReader.Read(fields);
        models.Resolve(NeedModel(fields));
        Refuse();
        var count = ChatTemplate.Render(turns, MessageTools.Read(fields, engine.Options).Tools).Tokens.Length;
        await Json.ReplyAsync(context, writer =>
        {
            writer.WriteStartObject();
            writer.WriteNumber("input_tokens", count);
            writer.WriteStartObject("context_management");
            writer.WriteNumber("original_input_tokens", count);
            writer.WriteEndObject();
            writer.WriteEndObject();
        });
    }

    private static string NeedModel(Fields fields) => Fields.TextOf(fields.Need("model"), "model") is { Length: > 0 } model
        ? model
        : throw RequestException.Malformed("Model is required", "model");

    private Sampling ReadSampling(Fields fields)
    {
        fields.Need("max_tokens");
        if (fields.Whole("max_tokens") is not (> 0 and <= int.MaxValue and var tokensMax))
        {
            throw RequestException.Malformed("max_tokens must be positive", "max_tokens");
        }

        var temperature = fields.Number("temperature") ?? 1;
        Sampling.Check(temperature is >= 0 and <= 100, "temperature", "must be non-negative", temperature);
        Sampling.CheckNumbers(fields);
        return new Sampling
        {
            Model = NeedModel(fields),
            Stream = fields.Flag("stream"),
            Choices = 1,
            Temperature = temperature,
            Seed = (ulong)Random.Shared.NextInt64(),
            Stops = Sampling.StopsOf(fields, "stop_sequences"),
            TokensMax = (int)tokensMax,
            TokensMin = engine.Options.TokensMin,
        };
    }

    private void Refuse()
    {
        if (engine.Options.Kind is ModelKind.Embedding or ModelKind.Video)
        {
            throw RequestException.NotImplemented("The model does not support Messages API");
        }
    }
}
