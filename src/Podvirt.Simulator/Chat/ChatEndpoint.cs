using Podvirt.Simulator.Completions;
using Podvirt.Simulator.Engine;
using Podvirt.Simulator.Http;
using Podvirt.Simulator.Options;
using Podvirt.Simulator.Schemas;
using Podvirt.Simulator.Tools;

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
        var use = ToolUse.ReadChat(fields, engine.Options);
        var form = OutputForm.ReadChat(fields);
        var logprobs = ChatLogprobs.Read(fields);
        var conversation = ChatTemplate.Read(messages);
        var prompt = ChatTemplate.Render(conversation, use.Tools);
        var script = ToolScript.Of(use, conversation, form, prompt.Topic);
        using var generation = factory.Create(
            [prompt], sampling, ChatTemplate.Thinks(fields, engine.Options), continues: false, defaultMax: null, context.RequestAborted, script);
        var named = use.Choice == ToolChoice.Named;
        if (sampling.Stream)
        {
            var head = ReplyHead.Create(context, "chatcmpl-", "chat.completion.chunk", model, engine.Time);
            await replies.StreamAsync(
                generation, new ChatStream(context, head, sampling, generation, replies.Errors, engine.Options, named, logprobs));
            return;
        }

        var plain = ReplyHead.Create(context, "chatcmpl-", "chat.completion", model, engine.Time);
        await replies.PlainAsync(context, generation, plain, new ChatChoice(plain, named, logprobs, engine.Options.ReasoningContent).Write);
    }
}
