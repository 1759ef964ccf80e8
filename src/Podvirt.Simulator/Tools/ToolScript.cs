using Podvirt.Simulator.Chat;
using Podvirt.Simulator.Language;
using Podvirt.Simulator.Schemas;

namespace Podvirt.Simulator.Tools;

/// <summary>Calls of functions as a reply; their arguments are valid for their schemas, with words of the question in them.</summary>
internal static class ToolScript
{
    /// <returns>What the model writes: its calls, else the form that the request gives the answer, else null for prose.</returns>
    public static Script? Of(ToolUse use, IReadOnlyList<ChatMessage> conversation, OutputForm? form, Topic topic)
    {
        var picked = ToolPicker.Pick(use, conversation);
        if (picked.Count == 0)
        {
            return form?.ScriptFor(topic);
        }

        var calls = picked.Select(tool => (tool.Name, Schema: Schema.Read(tool.Parameters, "tools"))).ToArray();
        return chooser => calls.SelectMany<(string Name, Schema Schema), (Part, string)>(
            call => [(Part.CallName, call.Name), (Part.CallArguments, new SchemaWriter(call.Schema, topic, chooser).Write())]);
    }

    /// <summary>The id of a call: a reply's calls are numbered.</summary>
    public static string IdOf(string prefix, string reply, int choice, int call) => $"{prefix}{Chooser.Hash($"{reply}/{choice}/{call}"):x16}";
}
