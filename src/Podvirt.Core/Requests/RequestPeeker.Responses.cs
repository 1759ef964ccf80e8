using System.Text.Json;

namespace Podvirt.Core.Requests;

// What only bodies with instructions of their own, and answers that engines keep, have.
public static partial class RequestPeeker
{
    private ref partial struct Pass
    {
        private PeekError? ReadInstructions(ref Utf8JsonReader reader, ref PeekedRequest request, string name)
        {
            reader.Read();
            if (_seenInstructions)
            {
                return Duplicate(name);
            }
            _seenInstructions = true;
            if (reader.TokenType == JsonTokenType.Null)
            {
                return null;
            }
            if (reader.TokenType is not (JsonTokenType.String or JsonTokenType.StartArray))
            {
                return new PeekError($"'{name}' must be a string or an array.", name);
            }

            // Before what stands among the messages, wherever it comes.
            _hasInstructions = true;
            request.SystemPrompt = RangeOf(ref reader);
            return null;
        }

        private readonly PeekError? ReadItems(ref Utf8JsonReader reader, ref PeekedRequest request, string name)
        {
            if (reader.TokenType == JsonTokenType.String)
            {
                request.FirstUserMessage = RangeOf(ref reader);
                return null;
            }
            if (reader.TokenType != JsonTokenType.StartArray)
            {
                return new PeekError($"'{name}' must be a string or an array.", name);
            }
            for (var index = 0; reader.Read() && reader.TokenType != JsonTokenType.EndArray; index++)
            {
                if (reader.TokenType != JsonTokenType.StartObject)
                {
                    return new PeekError($"'{name}[{index}]' must be an object.", $"{name}[{index}]");
                }
                ReadItem(ref reader, ref request);
            }
            return null;
        }

        // Calls of tools and their results are items, too: they have no role.
        private readonly void ReadItem(ref Utf8JsonReader reader, ref PeekedRequest request)
        {
            var (content, isSystem, isUser) = (default(ByteRange), false, false);
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var isRole = reader.ValueTextEquals("role"u8);
                var isContent = !isRole && reader.ValueTextEquals("content"u8);
                reader.Read();
                if (isRole && reader.TokenType == JsonTokenType.String)
                {
                    isUser = reader.ValueTextEquals("user"u8);
                    isSystem = reader.ValueTextEquals("system"u8) || reader.ValueTextEquals("developer"u8);
                }
                if (isContent)
                {
                    content = RangeOf(ref reader);
                }
                else
                {
                    reader.Skip();
                }
            }
            Keep(ref request, content, isSystem && !_hasInstructions, isUser);
        }

        private static void Keep(ref PeekedRequest request, ByteRange content, bool isSystem, bool isUser)
        {
            if (isSystem && !request.SystemPrompt.IsPresent)
            {
                request.SystemPrompt = content;
            }
            if (isUser && !request.FirstUserMessage.IsPresent)
            {
                request.FirstUserMessage = content;
            }
        }

        private static PeekError? ReadStored(ref Utf8JsonReader reader, ref PeekedRequest request)
        {
            if (reader.ValueTextEquals("previous_response_id"u8))
            {
                return ReadPrevious(ref reader, ref request);
            }
            if (reader.ValueTextEquals("store"u8))
            {
                var error = ReadFlag(ref reader, "store", out var isStored);
                request.IsNotStored = isStored == false;
                return error;
            }
            if (reader.ValueTextEquals("background"u8))
            {
                return ReadFlag(ref reader, "background", out var isBackground)
                    ?? (isBackground == true
                        ? new PeekError("Responses are not made in the background here: leave 'background' out, and stream what takes long.", "background")
                        : null);
            }
            if (reader.ValueTextEquals("request_id"u8))
            {
                // vLLM would take it as the response's id: another's, then, as well.
                reader.Read();
                return reader.TokenType == JsonTokenType.Null
                    ? null
                    : new PeekError("'request_id' is not for clients to choose: the id of a response is its engine's.", "request_id");
            }
            return PassBy(ref reader);
        }

        private static PeekError? ReadPrevious(ref Utf8JsonReader reader, ref PeekedRequest request)
        {
            reader.Read();
            if (reader.TokenType == JsonTokenType.Null)
            {
                return null;
            }
            if (request.PreviousResponse.IsPresent)
            {
                return Duplicate("previous_response_id");
            }
            if (reader.TokenType != JsonTokenType.String || reader.ValueSpan.Length == 0)
            {
                return new PeekError("'previous_response_id' must be the id of a response.", "previous_response_id");
            }
            request.PreviousResponse = RangeOf(ref reader);
            return null;
        }

        private static PeekError? ReadFlag(ref Utf8JsonReader reader, string name, out bool? flag)
        {
            reader.Read();
            flag = reader.TokenType switch
            {
                JsonTokenType.True => true,
                JsonTokenType.False => false,
                _ => null,
            };
            return flag is null && reader.TokenType != JsonTokenType.Null ? new PeekError($"'{name}' must be true or false.", name) : null;
        }
    }
}
