#pragma once
/// \file
/// Checks a method's answers against its schema in our OpenRPC document. Knows the keywords of JSON Schema
/// that rpc/schema.cpp writes; any other one fails the check.

#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>
#include <regex>
#include <string>

#include "rpc/schema.hpp"

namespace quarry::test {

class AnswerSchemas {
 public:
  AnswerSchemas() {
    const auto document = rpc::openrpc_document("test");
    types_ = document["components"]["schemas"];
    for (const auto& method : document["methods"]) results_[method["name"]] = method["result"]["schema"];
  }

  /// Empty when `answer` is a whole JSON-RPC answer with a result as above, or with an error of the
  /// standard's form.
  std::string answer_fault(const std::string& method, const nlohmann::json& answer) {
    if (answer.value("jsonrpc", "") != "2.0" || !answer.contains("id")) return "is no JSON-RPC 2.0 answer";
    if (answer.size() != 3 || answer.contains("result") == answer.contains("error"))
      return "has not one of result and error";
    if (answer.contains("result")) return fault(method, answer["result"]);
    static const Json kError = rpc::schema_of("{code: Integer, message: String, data?: Any}");
    return check(kError, answer["error"], "error");
  }

  /// Empty when the value is of the document's type `name`.
  std::string type_fault(const std::string& name, const nlohmann::json& value) {
    return types_.contains(name) ? check(types_[name], value, name) : "there is no type " + name;
  }
  /// Does the type name all properties that there can be?
  bool is_closed(const std::string& name) const {
    return types_.contains(name) && types_[name].value("additionalProperties", true) == false;
  }

  /// Empty when `result` is what the method says it gives; otherwise where it is not.
  std::string fault(const std::string& method, const nlohmann::json& result) {
    const auto schema = results_.find(method);
    return schema == results_.end() ? "there is no method " + method : check(schema->second, result, "");
  }

 private:
  using Json = nlohmann::json;

  std::string check(const Json& schema, const Json& value, const std::string& at) {
    for (const auto& [keyword, wanted] : schema.items()) {
      const auto wrong = check_keyword(schema, keyword, wanted, value, at);
      if (!wrong.empty()) return wrong;
    }
    return "";
  }

  std::string check_keyword(const Json& schema, const std::string& keyword, const Json& wanted,
                            const Json& value, const std::string& at) {
    const auto wrong = [&](const std::string& what) { return fmt::format("{}: {}", at, what); };
    if (keyword == "title" || keyword == "additionalProperties") return "";
    if (keyword == "$ref") {
      const auto name = wanted.get<std::string>().substr(std::string("#/components/schemas/").size());
      return check(types_.at(name), value, at + "<" + name + ">");
    }
    if (keyword == "anyOf") return check_any(wanted, value, at);
    if (keyword == "const") return value == wanted ? "" : wrong("is not " + wanted.dump());
    if (keyword == "type")
      return has_type(wanted, value) ? "" : wrong(value.dump() + " is no " + wanted.dump());
    if (keyword == "pattern") {
      return !value.is_string() || matches(wanted, value) ? "" : wrong(value.dump() + " is not of that form");
    }
    if (keyword == "items") return check_items(wanted, value, at);
    if (keyword == "required") {
      for (const auto& name : wanted)
        if (value.is_object() && !value.contains(name)) return wrong("has no " + name.dump());
      return "";
    }
    if (keyword == "properties") return check_properties(schema, value, at);
    return wrong("a keyword that is not checked: " + keyword);
  }

  std::string check_any(const Json& schemas, const Json& value, const std::string& at) {
    std::string all;
    for (const auto& schema : schemas) {
      const auto wrong = check(schema, value, at);
      if (wrong.empty()) return "";
      all += "; " + wrong;
    }
    return all.substr(2);
  }
  std::string check_items(const Json& schema, const Json& value, const std::string& at) {
    if (!value.is_array()) return "";
    for (std::size_t i = 0; i < value.size(); ++i) {
      const auto wrong = check(schema, value[i], fmt::format("{}/{}", at, i));
      if (!wrong.empty()) return wrong;
    }
    return "";
  }
  /// What is not named falls under additionalProperties, which in a map names nothing and types all.
  std::string check_properties(const Json& schema, const Json& value, const std::string& at) {
    if (!value.is_object()) return "";
    const auto& others = schema["additionalProperties"];
    for (const auto& [name, member] : value.items()) {
      const bool named = schema["properties"].contains(name);
      if (!named && others == false) return fmt::format("{}: has {}, which the type does not", at, name);
      if (!named && others.is_boolean()) continue;
      const auto wrong = check(named ? schema["properties"][name] : others, member, at + "/" + name);
      if (!wrong.empty()) return wrong;
    }
    return "";
  }
  static bool has_type(const Json& type, const Json& value) {
    if (type == "string") return value.is_string();
    if (type == "integer") return value.is_number_integer();
    if (type == "number") return value.is_number();
    if (type == "boolean") return value.is_boolean();
    if (type == "null") return value.is_null();
    if (type == "array") return value.is_array();
    return type == "object" && value.is_object();
  }
  bool matches(const std::string& pattern, const std::string& text) {
    auto known = patterns_.find(pattern);
    if (known == patterns_.end()) {
      known = patterns_.emplace(pattern, std::regex(pattern, std::regex::extended)).first;
    }
    // Long data would overflow std::regex's stack; its form is its letters and its length.
    if (text.size() > 2000)
      return text.size() % 2 == 0 && text.find_first_not_of("0123456789abcdef", 2) == std::string::npos;
    return std::regex_match(text, known->second);
  }

  Json types_;
  std::map<std::string, Json> results_;
  std::map<std::string, std::regex> patterns_;
};

}  // namespace quarry::test
