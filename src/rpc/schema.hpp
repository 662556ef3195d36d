#pragma once
/// \file
/// What methods take and give, as data: the types that the rows of the method table name, and the OpenRPC
/// document made of both.
///
/// A type is written so, in the table of types and as a method's result:
///
///     Quantity               a type of the table
///     Hash|null              one of several; `null` and `false` are types
///     [Log]                  a list
///     {*: Transaction}       an object with any keys
///     {gas: Quantity, error?: String}   an object with these keys and no others; "?": may be left out
///     {number: Quantity, ...}           other keys may come with it

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace quarry::rpc {

/// A type as JSON Schema, with references to "#/components/schemas/NAME".
nlohmann::json schema_of(std::string_view type);

/// The schema of a parameter, by its name in a method's row; null when no type is known under that name.
nlohmann::json parameter_schema(std::string_view name);

/// All methods and types as an OpenRPC 1.2.6 document.
nlohmann::json openrpc_document(std::string_view version);

/// The methods as a Markdown table for each module: docs/rpc.md.
std::string methods_markdown();

}  // namespace quarry::rpc
