/* service_values.h: checks of device values for rules_service.c alone. */
#ifndef IMGVAL_RULES_SERVICE_VALUES_H
#define IMGVAL_RULES_SERVICE_VALUES_H

#include "imgval/model/rule.h"

enum iv_outcome iv_service_required_values(const struct iv_case *c, struct iv_verdict *verdict);
enum iv_outcome iv_service_rom_language(const struct iv_case *c, struct iv_verdict *verdict);
enum iv_outcome iv_service_hardware_variants(const struct iv_case *c, struct iv_verdict *verdict);
enum iv_outcome iv_service_value_forms(const struct iv_case *c, struct iv_verdict *verdict);
enum iv_outcome iv_service_model_name(const struct iv_case *c, struct iv_verdict *verdict);
enum iv_outcome iv_service_platform_id(const struct iv_case *c, struct iv_verdict *verdict);

#endif
