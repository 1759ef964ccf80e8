using System.Text.Json;

namespace Podvirt.Core.Requests;

// What the engine works on.
public static partial class RequestPeeker
{
    private ref partial struct Pass
    {
        private PeekError? ReadInput(ref Utf8JsonReader reader, ref PeekedRequest request, in InputMember member)
        {
            reader.Read();
            if (Twice(_input, member.Name) is { } twice)
            {
                return twice;
            }
            _input = member.Name;
            if (member.Form == InputForm.Messages)
            {
                return ReadMessages(ref reader, ref request);
            }
            if (member.Form == InputForm.StringOrItems)
            {
                return ReadItems(ref reader, ref request, member.Name);
            }
            if (CheckForm(ref reader, member) is { } wrong)
            {
                return wrong;
            }
            var start = (int)reader.TokenStartIndex;
            request.Prompts = PassTexts(ref reader);
            request.FirstUserMessage = new ByteRange(start, (int)reader.BytesConsumed - start);
            return null;
        }

        private PeekError? ReadCounterpart(ref Utf8JsonReader reader, ref PeekedRequest request, in InputMember member)
        {
            reader.Read();
            if (Twice(_counterpart, member.Name) is { } twice)
            {
                return twice;
            }
            _counterpart = member.Name;
            if (CheckForm(ref reader, member) is { } wrong)
            {
                return wrong;
            }
            reader.Skip();
            return null;
        }

        private static PeekError? Twice(string? seen, string name) =>
            seen is null ? null
            : seen == name ? Duplicate(name)
            : new PeekError($"'{seen}' and '{name}' are both there: send one of them.", name);

        private static PeekError? CheckForm(ref Utf8JsonReader reader, in InputMember member)
        {
            var (isGood, wanted) = member.Form switch
            {
                InputForm.String => (reader.TokenType == JsonTokenType.String, "a string"),
                InputForm.Array => (reader.TokenType == JsonTokenType.StartArray, "an array"),
                InputForm.Texts => (
                    reader.TokenType is JsonTokenType.String or JsonTokenType.StartArray or JsonTokenType.StartObject, "a string, an object or an array of them"),
                _ => (reader.TokenType is JsonTokenType.String or JsonTokenType.StartArray, "a string or an array"),
            };
            if (!isGood)
            {
                return new PeekError($"'{member.Name}' must be {wanted}.", member.Name);
            }
            return member.NotEmpty && IsEmpty(reader) ? new PeekError($"'{member.Name}' is empty.", member.Name) : null;
        }

        // Looks ahead on a copy.
        private static bool IsEmpty(Utf8JsonReader reader) => reader.TokenType == JsonTokenType.String
            ? reader.ValueSpan.Length == 0
            : reader.Read() && reader.TokenType is JsonTokenType.EndArray or JsonTokenType.EndObject;

        // How many: an array that holds a number is one text as tokens.
        private static int PassTexts(ref Utf8JsonReader reader)
        {
            if (reader.TokenType != JsonTokenType.StartArray)
            {
                reader.Skip();
                return 0;
            }
            var count = 0;
            var areTokens = false;
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                areTokens |= reader.TokenType == JsonTokenType.Number;
                reader.Skip();
                count++;
            }
            return areTokens ? 1 : count;
        }

        private readonly PeekError? ReadMessages(ref Utf8JsonReader reader, ref PeekedRequest request)
        {
            if (reader.TokenType != JsonTokenType.StartArray)
            {
                return new PeekError("'messages' must be an array of messages.", "messages");
            }
            var count = 0;
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                if (reader.TokenType != JsonTokenType.StartObject)
                {
                    return new PeekError($"'messages[{count}]' must be an object with 'role' and 'content'.", $"messages[{count}]");
                }
                var error = ReadMessage(ref reader, ref request, count);
                if (error is not null)
                {
                    return error;
                }
                count++;
            }
            return count == 0 ? new PeekError("'messages' is empty: send at least one message.", "messages") : null;
        }

        private readonly PeekError? ReadMessage(ref Utf8JsonReader reader, ref PeekedRequest request, int index)
        {
            var content = default(ByteRange);
            var hasRole = false;
            var isSystem = false;
            var isUser = false;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var isRole = reader.ValueTextEquals("role"u8);
                var isContent = !isRole && reader.ValueTextEquals("content"u8);
                reader.Read();
                if (isRole)
                {
                    if (reader.TokenType != JsonTokenType.String)
                    {
                        return new PeekError($"'messages[{index}].role' must be a string.", $"messages[{index}].role");
                    }
                    hasRole = true;
                    isUser = reader.ValueTextEquals("user"u8);
                    isSystem = reader.ValueTextEquals("system"u8) || reader.ValueTextEquals("developer"u8);
                }
                else if (isContent && reader.TokenType is not (JsonTokenType.String or JsonTokenType.StartArray or JsonTokenType.Null))
                {
                    return new PeekError($"'messages[{index}].content' must be a string or an array of parts.", $"messages[{index}].content");
                }
                else if (isContent)
                {
                    content = RangeOf(ref reader);
                }
                else
                {
                    reader.Skip();
                }
            }
            if (!hasRole)
            {
                return new PeekError($"'messages[{index}].role' is missing.", $"messages[{index}].role");
            }
            Keep(ref request, content, isSystem && !_hasInstructions, isUser);
            return null;
        }
    }
}
