using System.Text.Json;
using Podvirt.Simulator.Engine;
using Podvirt.Simulator.Http;
using Podvirt.Simulator.Language;
using Podvirt.Simulator.Options;
using Podvirt.Simulator.Schemas;
using Podvirt.Simulator.Tokens;

namespace Podvirt.Simulator.Completions;

/// <summary><c>POST /v1/completions</c>.</summary>
internal sealed class CompletionEndpoint(SimulatedEngine engine, GenerationFactory factory, ServedModels models, Replies replies)
{
    // What the API has always defaulted to.
    private const int TokensMaxDefault = 16;

    public async Task HandleAsync(HttpContext context)
    {
        using var document = await Json.ReadAsync(context);
        var fields = new Fields(document.RootElement);
        var prompts = ReadPrompts(fields.Need("prompt"));
        var sampling = Sampling.Read(fields, engine.Options);
        var model = models.Resolve(sampling.Model);
        models.Refuse(ModelKind.Embedding, "Completions API");
        var logprobs = CompletionLogprobs.Read(fields);
        var form = OutputForm.ReadChat(fields);
        if (fields.Flag("echo"))
        {
            throw RequestException.NotImplemented("The simulated engine does not echo prompts.", "echo");
        }

        if (fields.Text("suffix") is { Length: > 0 })
        {
            throw RequestException.Bad("suffix is not currently supported", "suffix");
        }

        using var generation = factory.Create(
            prompts, sampling, thinks: false, continues: true, TokensMaxDefault, context.RequestAborted, form?.ScriptFor(prompts[0].Topic));
        var head = ReplyHead.Create(context, "cmpl-", "text_completion", model, engine.Time);
        if (sampling.Stream)
        {
            var sink = new CompletionStream(context, head, sampling, generation, replies.Errors, engine.Options.PromptTokensDetails, logprobs);
            await replies.StreamAsync(generation, sink);
            return;
        }

        await replies.PlainAsync(context, generation, head, (writer, sequence) => WriteChoice(writer, sequence, logprobs));
    }

    /// <summary>A string, several, the tokens of one, or the tokens of several.</summary>
    public static PromptText[] ReadPrompts(JsonElement prompt)
    {
        switch (prompt.ValueKind)
        {
            case JsonValueKind.String:
                return [FromText(Fields.TextOf(prompt, "prompt"))];
            case JsonValueKind.Array when prompt.GetArrayLength() > 0:
                return prompt[0].ValueKind switch
                {
                    JsonValueKind.Number => [FromTokens(Fields.WholesOf(prompt, "prompt"))],
                    JsonValueKind.Array => [.. prompt.EnumerateArray().Select(tokens => FromTokens(Fields.WholesOf(tokens, "prompt")))],
                    _ => [.. prompt.EnumerateArray().Select(text => FromText(Fields.TextOf(text, "prompt")))],
                };
            default:
                throw RequestException.Malformed("Input should be a string, a list of strings, a list of tokens or a list of those: prompt", "prompt");
        }
    }

    private static PromptText FromText(string text) => new(NotEmpty([.. Tokenizer.Encode(text)]), Topic.Read("", [text]));

    private static PromptText FromTokens(int[] tokens) =>
        new(NotEmpty(tokens), Topic.Read("", [string.Concat(tokens.Select(TokenEndpoints.DecodeKnown))]));

    private static int[] NotEmpty(int[] tokens) =>
        tokens.Length > 0 ? tokens : throw RequestException.Bad("The decoder prompt cannot be empty", "prompt");

    private static void WriteChoice(Utf8JsonWriter writer, Sequence sequence, CompletionLogprobs? logprobs)
    {
        writer.WriteNumber("index", sequence.Index);
        writer.WriteString("text", sequence.Answer);
        writer.WritePropertyName("logprobs");
        if (logprobs is null)
        {
            writer.WriteNullValue();
        }
        else
        {
            logprobs.Write(writer, sequence, 0);
        }

        Replies.WriteFinish(writer, sequence, sequence.Finish.Name());
        writer.WriteNull("token_ids");
        writer.WriteNull("prompt_logprobs");
        writer.WriteNull("prompt_token_ids");
    }
}
